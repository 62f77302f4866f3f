/* Row 6. Copies file to file by two splices of io_uring, through a pipe. */
#include "uring.h"

#define SPLICE_REQUEST(from_, to_)                                                                                     \
	((struct io_uring_sqe){ .opcode = IORING_OP_SPLICE, .splice_fd_in = (from_), .splice_off_in = (__u64)-1,       \
				.fd = (to_), .off = (__u64)-1, .len = SECRET_BYTES })

int main(int argc, char **argv)
{
	tell("uring-splice", 6, argc, argv);
	char *path = make_secret();
	char *copy = in_scratch("copy");
	int from = (int)must(open(path, O_RDONLY));
	int to = (int)must(open(copy, O_WRONLY | O_CREAT, 0600));
	int pipe_fds[2];
	must(pipe(pipe_fds));
	struct uring ring = make_uring(0);
	if (must_request(&ring, SPLICE_REQUEST(from, pipe_fds[1]), "IORING_OP_SPLICE") != SECRET_BYTES)
		return 1;
	if (must_request(&ring, SPLICE_REQUEST(pipe_fds[0], to), "IORING_OP_SPLICE") != SECRET_BYTES)
		return 1;
	told_bytes(path, SECRET_BYTES, 0);
	told_bytes(copy, 0, SECRET_BYTES);
	return told();
}
