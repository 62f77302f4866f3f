/* Row 34. The plain way, for comparison: connect, send, receive. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("connect-plain", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	int other = (int)must(accept(listener, NULL, NULL));
	char bytes[SECRET_BYTES];
	must(send(fd, "anchors\n", SECRET_BYTES, 0));
	must(recv(other, bytes, sizeof(bytes), MSG_WAITALL));
	must(send(other, "yes", 3, 0));
	must(recv(fd, bytes, 3, MSG_WAITALL));
	told_connect("tcp", "127.0.0.1", port, 0);
	told_flow("tcp", port, SECRET_BYTES, 3);
	return told();
}
