/* Row 10. Renames through io_uring: no rename. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-rename", 10, argc, argv);
	char *from = make_secret();
	char *to = in_scratch("other");
	struct stat is;
	must(stat(from, &is));
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = (uintptr_t)from,
					    .len = (unsigned)AT_FDCWD, .addr2 = (uintptr_t)to },
		     "IORING_OP_RENAMEAT");
	act("file.rename");
	with_text("from", from);
	with_text("path", to);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
