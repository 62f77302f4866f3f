/* Row 34. Connects to an IPv4 address through an IPv6 socket (::ffff:127.0.0.1). */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("connect-v4-mapped", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	if (fd < 0)
		not_possible("IPv6", errno);
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	must(inet_pton(AF_INET6, "::ffff:127.0.0.1", &address.sin6_addr) - 1);
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	told_connect("tcp", "127.0.0.1", port, 0);
	return told();
}
