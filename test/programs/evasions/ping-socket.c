/* Row 35. Carries data out in an ICMP echo without a raw socket. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("ping-socket", 35, argc, argv);
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (fd < 0)
		not_possible("a ping socket (net.ipv4.ping_group_range)", errno);
	struct sockaddr_in address = loopback(0);
	char echo[8 + SECRET_BYTES] = { 8, 0, 0, 0 };
	memcpy(echo + 8, "anchors\n", SECRET_BYTES);
	must(sendto(fd, echo, sizeof(echo), 0, (struct sockaddr *)&address, sizeof(address)));
	told_connect("icmp", "127.0.0.1", 0, 0);
	return told();
}
