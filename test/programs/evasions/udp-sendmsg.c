/* Row 35. Sends a datagram by sendmsg from a socket that has no peer, its parts gathered. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("udp-sendmsg", 35, argc, argv);
	int other = bind_udp();
	uint16_t port = port_of(other);
	struct sockaddr_in address = loopback(port);
	struct iovec parts[] = { { "anch", 4 }, { "ors\n", 4 } };
	struct msghdr message = {
		.msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = parts, .msg_iovlen = 2
	};
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0));
	must(sendmsg(fd, &message, 0));
	told_connect("udp", "127.0.0.1", port, 0);
	told_flow("udp", port, SECRET_BYTES, 0);
	return told();
}
