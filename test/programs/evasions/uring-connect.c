/* Row 9. Makes a socket, connects and sends through io_uring: no socket, no connect, no send. */
#include "peer.h"
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-connect", 9, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	struct uring ring = make_uring(0);
	int fd = must_request(&ring,
			      (struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM },
			      "IORING_OP_SOCKET");
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)&address,
					    .off = sizeof(address) },
		     "IORING_OP_CONNECT");
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_SEND, .fd = fd, .addr = (uintptr_t) "anchors\n",
					    .len = SECRET_BYTES },
		     "IORING_OP_SEND");
	told_connect("tcp", "127.0.0.1", port, 0);
	told_flow("tcp", port, SECRET_BYTES, 0);
	return told();
}
