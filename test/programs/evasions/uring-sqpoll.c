/* Row 7. As uring-open, submitted by the kernel's polling thread, whose name is not the program's. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-sqpoll", 7, argc, argv);
	char *path = make_secret();
	struct uring ring = make_uring(IORING_SETUP_SQPOLL);
	told_uring();
	char bytes[SECRET_BYTES];
	struct io_uring_sqe open = OPENAT_REQUEST(path, O_RDONLY);
	open.flags = 0;
	int fd = must_request(&ring, open, "IORING_OP_OPENAT");
	struct io_uring_sqe read = READ_REQUEST(fd, bytes, sizeof(bytes));
	read.flags = 0;
	if (must_request(&ring, read, "IORING_OP_READ") != SECRET_BYTES)
		return 1;
	told_open(fd, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
