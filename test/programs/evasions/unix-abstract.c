/* Row 37. Connects to an abstract unix socket: a name without a file. */
#include "peer.h"
#include <stddef.h>

int main(int argc, char **argv)
{
	tell("unix-abstract", 37, argc, argv);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(address);
	int named = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "spoor-%d", getpid());
	length = (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 + (socklen_t)named;
	int listener = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(bind(listener, (struct sockaddr *)&address, length));
	must(listen(listener, 8));
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, length));
	act("network.connect");
	with_text("transport", "unix");
	with_bytes("path", address.sun_path, 1 + (size_t)named);
	with_number("errno", 0);
	return told();
}
