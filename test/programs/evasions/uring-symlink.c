/* Row 10. Makes a symbolic link through io_uring: no symlink. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-symlink", 10, argc, argv);
	char *path = in_scratch("link");
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_SYMLINKAT, .fd = AT_FDCWD,
					    .addr = (uintptr_t)"/etc/passwd", .addr2 = (uintptr_t)path },
		     "IORING_OP_SYMLINKAT");
	act("file.link");
	with_text("symbolic_target", "/etc/passwd");
	with_text("path", path);
	with_number("errno", 0);
	return told();
}
