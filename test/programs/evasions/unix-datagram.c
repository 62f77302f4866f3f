/* Row 37. Sends a datagram to a unix socket without connecting. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("unix-datagram", 37, argc, argv);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address);
	char *path = in_scratch("socket");
	if (strlen(path) >= sizeof(address.sun_path))
		not_possible("the scratch path is too long for a unix socket", 0);
	strcpy(address.sun_path, path);
	int other = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(bind(other, (struct sockaddr *)&address, length));
	int fd = (int)must(socket(AF_UNIX, SOCK_DGRAM, 0));
	must(sendto(fd, "anchors\n", SECRET_BYTES, 0, (struct sockaddr *)&address, length));
	act("network.connect");
	with_text("transport", "unix");
	with_text("path", path);
	with_number("errno", 0);
	return told();
}
