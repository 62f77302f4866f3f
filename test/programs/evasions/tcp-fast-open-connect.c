/* Row 34. Connects at the first write (TCP_FASTOPEN_CONNECT): the connect call does nothing yet. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("tcp-fast-open-connect", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	int yes = 1;
	if (setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &yes, sizeof(yes)))
		not_possible("TCP_FASTOPEN_CONNECT", errno);
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	must(write(fd, "anchors\n", SECRET_BYTES));
	told_connect("tcp", "127.0.0.1", port, 0);
	told_flow("tcp", port, SECRET_BYTES, 0);
	return told();
}
