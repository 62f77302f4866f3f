/* Row 31. Wipes a file through io_uring: no truncate, no fallocate. */
#include "uring.h"
#include <linux/falloc.h>

int main(int argc, char **argv)
{
	tell("uring-truncate", 31, argc, argv);
	char *path = make_secret();
	int fd = (int)must(open(path, O_WRONLY));
	struct uring ring = make_uring(0);
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_FALLOCATE, .fd = fd, .off = 0, .addr = SECRET_BYTES,
					    .len = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE },
		     "IORING_OP_FALLOCATE");
	act("file.truncate");
	with_text("path", path);
	with_file(fd);
	with_number("errno", 0);
	return told();
}
