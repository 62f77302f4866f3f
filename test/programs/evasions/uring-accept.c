/* Row 9. Takes a connection through io_uring: no accept. */
#include "peer.h"
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-accept", 9, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	struct uring ring = make_uring(0);
	must_request(&ring, (struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = listener }, "IORING_OP_ACCEPT");
	act("network.accept");
	with_text("transport", "tcp");
	with_number("port", port);
	with_number("peer_port", port_of(fd));
	return told();
}
