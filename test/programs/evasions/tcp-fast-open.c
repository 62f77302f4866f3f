/* Row 34. Connects and sends by sendto(MSG_FASTOPEN): no connect call. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("tcp-fast-open", 34, argc, argv);
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	if (sendto(fd, "anchors\n", SECRET_BYTES, MSG_FASTOPEN, (struct sockaddr *)&address, sizeof(address)) < 0)
		not_possible("MSG_FASTOPEN", errno);
	told_connect("tcp", "127.0.0.1", port, 0);
	told_flow("tcp", port, SECRET_BYTES, 0);
	return told();
}
