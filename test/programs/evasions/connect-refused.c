/* Row 34. A connection that nobody takes. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("connect-refused", 34, argc, argv);
	uint16_t port = closed_port();
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return 1;
	told_connect("tcp", "127.0.0.1", port, errno);
	return told();
}
