/* Row 35. Sends a datagram from a socket that has no peer. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("udp-sendto", 35, argc, argv);
	int other = bind_udp();
	uint16_t port = port_of(other);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0));
	must(sendto(fd, "anchors\n", SECRET_BYTES, 0, (struct sockaddr *)&address, sizeof(address)));
	told_connect("udp", "127.0.0.1", port, 0);
	told_flow("udp", port, SECRET_BYTES, 0);
	return told();
}
