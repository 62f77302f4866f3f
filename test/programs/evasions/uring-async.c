/* Row 8. As uring-open, done by a worker thread of the kernel (IOSQE_ASYNC). */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-async", 8, argc, argv);
	char *path = make_secret();
	struct uring ring = make_uring(0);
	told_uring();
	char bytes[SECRET_BYTES];
	struct io_uring_sqe open = OPENAT_REQUEST(path, O_RDONLY);
	open.flags = IOSQE_ASYNC;
	int fd = must_request(&ring, open, "IORING_OP_OPENAT");
	struct io_uring_sqe read = READ_REQUEST(fd, bytes, sizeof(bytes));
	read.flags = IOSQE_ASYNC;
	if (must_request(&ring, read, "IORING_OP_READ") != SECRET_BYTES)
		return 1;
	told_open(fd, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
