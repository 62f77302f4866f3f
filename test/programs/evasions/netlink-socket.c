/* Row 37. Talks to the kernel by netlink (routes, addresses). */
#include "peer.h"
#include <linux/netlink.h>

int main(int argc, char **argv)
{
	tell("netlink-socket", 37, argc, argv);
	int fd = (int)must(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	if (fd < 0)
		return 1;
	act("network.raw");
	with_text("family", "netlink");
	with_number("errno", 0);
	return told();
}
