/* Row 10. Makes a folder through io_uring: no mkdir. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-mkdir", 10, argc, argv);
	char *path = in_scratch("folder");
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (uintptr_t)path,
					    .len = 0700 },
		     "IORING_OP_MKDIRAT");
	struct stat is;
	must(stat(path, &is));
	act("file.create");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
