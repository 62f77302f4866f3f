/* Row 35. Opens a packet socket: frames past every other check. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("packet-socket", 35, argc, argv);
	int fd = socket(AF_PACKET, SOCK_RAW, htons(0x0003));
	if (fd < 0)
		not_possible("AF_PACKET", errno);
	act("network.raw");
	with_text("family", "packet");
	with_number("errno", 0);
	return told();
}
