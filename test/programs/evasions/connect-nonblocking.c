/* Row 34. Connects without waiting: the call says EINPROGRESS, the outcome comes later. */
#include "peer.h"
#include <poll.h>

int main(int argc, char **argv)
{
	tell("connect-nonblocking", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(fcntl(fd, F_SETFL, O_NONBLOCK));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) && errno != EINPROGRESS)
		return 1;
	struct pollfd writable = { fd, POLLOUT, 0 };
	must(poll(&writable, 1, -1));
	told_connect("tcp", "127.0.0.1", port, 0);
	return told();
}
