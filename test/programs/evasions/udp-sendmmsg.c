/* Row 35. Sends two datagrams to two peers in one call. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("udp-sendmmsg", 35, argc, argv);
	int one = bind_udp(), two = bind_udp();
	struct sockaddr_in addresses[] = { loopback(port_of(one)), loopback(port_of(two)) };
	struct iovec vector = { "anchors\n", SECRET_BYTES };
	struct mmsghdr messages[2] = { 0 };
	for (int i = 0; i < 2; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_name = &addresses[i], .msg_namelen = sizeof(addresses[i]),
						       .msg_iov = &vector, .msg_iovlen = 1 };
	int fd = (int)must(socket(AF_INET, SOCK_DGRAM, 0));
	if (must(sendmmsg(fd, messages, 2, 0)) != 2)
		return 1;
	told_connect("udp", "127.0.0.1", port_of(one), 0);
	told_connect("udp", "127.0.0.1", port_of(two), 0);
	return told();
}
