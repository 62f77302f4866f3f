/* Row 6. Creates and writes a file through io_uring. */
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-write", 6, argc, argv);
	char *path = in_scratch("loot");
	struct uring ring = make_uring(0);
	struct io_uring_sqe open = OPENAT_REQUEST(path, O_WRONLY | O_CREAT);
	open.len = 0600;
	int fd = must_request(&ring, open, "IORING_OP_OPENAT");
	struct io_uring_sqe write = READ_REQUEST(fd, "anchors\n", SECRET_BYTES);
	write.opcode = IORING_OP_WRITE;
	if (must_request(&ring, write, "IORING_OP_WRITE") != SECRET_BYTES)
		return 1;
	act("file.create");
	with_text("path", path);
	with_file(fd);
	told_open(fd, path, "write");
	told_bytes(path, 0, SECRET_BYTES);
	return told();
}
