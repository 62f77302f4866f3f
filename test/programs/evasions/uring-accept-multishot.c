/* Row 9. Takes two connections by one request of io_uring. */
#include "peer.h"
#include "uring.h"

int main(int argc, char **argv)
{
	tell("uring-accept-multishot", 9, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int clients[2];
	struct uring ring = make_uring(0);
	for (int i = 0; i < 2; i++) {
		clients[i] = (int)must(socket(AF_INET, SOCK_STREAM, 0));
		must(connect(clients[i], (struct sockaddr *)&address, sizeof(address)));
	}
	must_request(&ring,
		     (struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = listener, .ioprio = IORING_ACCEPT_MULTISHOT,
					    .user_data = 77 },
		     "IORING_OP_ACCEPT multishot");
	for (int i = 0; i < 2; i++) {
		act("network.accept");
		with_text("transport", "tcp");
		with_number("port", port);
		with_number("peer_port", port_of(clients[i]));
	}
	return told();
}
