/* Row 34. Connects over IPv6. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("connect-v6", 34, argc, argv);
	int listener = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)))
		not_possible("IPv6 on loopback", errno);
	must(listen(listener, 8));
	uint16_t port = port_of(listener);
	address.sin6_port = htons(port);
	int fd = (int)must(socket(AF_INET6, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	told_connect("tcp", "::1", port, 0);
	return told();
}
