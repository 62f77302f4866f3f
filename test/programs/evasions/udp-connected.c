/* Row 35. Gives a UDP socket a peer and sends. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("udp-connected", 35, argc, argv);
	int other = bind_udp();
	uint16_t port = port_of(other);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	must(send(fd, "anchors\n", SECRET_BYTES, 0));
	told_connect("udp", "127.0.0.1", port, 0);
	told_flow("udp", port, SECRET_BYTES, 0);
	return told();
}
