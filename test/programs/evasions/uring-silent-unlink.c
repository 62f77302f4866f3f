/* Row 10. Deletes through io_uring with no completion (IOSQE_CQE_SKIP_SUCCESS): a success says nothing at all. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-silent-unlink", 10, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	struct uring ring = make_uring(0);
	submit_silent(&ring, (struct io_uring_sqe){ .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD,
						    .addr = (uintptr_t)path, .flags = IOSQE_CQE_SKIP_SUCCESS });
	alarm(10);
	while (!access(path, F_OK))
		sched_yield(); /* a worker does it, and says nothing */
	act("file.delete");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
