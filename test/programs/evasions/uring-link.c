/* Row 10. Makes a hard link through io_uring: no link. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-link", 10, argc, argv);
	char *from = make_secret();
	char *to = in_scratch("other");
	struct stat is;
	must(stat(from, &is));
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_LINKAT, .fd = AT_FDCWD, .addr = (uintptr_t)from,
					    .len = (unsigned)AT_FDCWD, .addr2 = (uintptr_t)to },
		     "IORING_OP_LINKAT");
	act("file.link");
	with_text("target", from);
	with_text("path", to);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
