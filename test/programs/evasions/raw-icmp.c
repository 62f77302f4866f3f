/* Row 35. Carries data out in an ICMP echo from a raw socket. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("raw-icmp", 35, argc, argv);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (fd < 0)
		not_possible("SOCK_RAW", errno);
	struct sockaddr_in address = loopback(0);
	char echo[8 + SECRET_BYTES] = { 8, 0, 0, 0 };
	memcpy(echo + 8, "anchors\n", SECRET_BYTES);
	must(sendto(fd, echo, sizeof(echo), 0, (struct sockaddr *)&address, sizeof(address)));
	act("network.raw");
	with_text("family", "inet");
	with_text("address", "127.0.0.1");
	with_number("errno", 0);
	return told();
}
