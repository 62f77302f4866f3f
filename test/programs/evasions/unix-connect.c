/* Row 37. Connects to a unix socket by its path. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("unix-connect", 37, argc, argv);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address);
	char *path = in_scratch("socket");
	if (strlen(path) >= sizeof(address.sun_path))
		not_possible("the scratch path is too long for a unix socket", 0);
	strcpy(address.sun_path, path);
	int listener = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(listener, (struct sockaddr *)&address, length));
	must(listen(listener, 8));
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, length));
	act("network.connect");
	with_text("transport", "unix");
	with_text("path", path);
	with_number("peer_pid", getpid());
	with_number("errno", 0);
	return told();
}
