/* Row 34. Opens a door: listens, and takes a connection. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("listen-accept", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	act("network.listen");
	with_text("transport", "tcp");
	with_number("port", port);
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	int other = (int)must(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
	act("network.accept");
	with_text("transport", "tcp");
	with_number("port", port);
	with_number("peer_port", port_of(fd));
	close(other);
	return told();
}
