/* Row 10. Deletes a file through io_uring: no unlink. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-unlink", 10, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)path },
		     "IORING_OP_UNLINKAT");
	act("file.delete");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
