/* Row 34. Connects without waiting where nobody listens: the refusal is only in SO_ERROR. */
#include "peer.h"
#include <poll.h>

int main(int argc, char **argv)
{
	tell("connect-refused-nonblocking", 34, argc, argv);
	uint16_t port = closed_port();
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return 1;
	int error = errno;
	if (error == EINPROGRESS) {
		struct pollfd writable = { fd, POLLOUT, 0 };
		must(poll(&writable, 1, -1));
		socklen_t length = sizeof(error);
		must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
	}
	told_connect("tcp", "127.0.0.1", port, error);
	return told();
}
