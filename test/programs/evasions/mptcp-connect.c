/* Row 34. Connects by multipath TCP: the program's socket is not the one that carries the bytes. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("mptcp-connect", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);
	if (fd < 0)
		not_possible("IPPROTO_MPTCP", errno);
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	told_connect("tcp", "127.0.0.1", port, 0);
	return told();
}
