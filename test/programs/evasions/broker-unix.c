/* Row 42. Talks to a process outside its session over that one's unix socket, as to tmux, D-Bus or a container daemon:
 * what it asks for there is done by another tree. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("broker-unix", 42, argc, argv);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (!outside_socket || strlen(outside_socket) >= sizeof(address.sun_path))
		not_possible("no unix socket outside the session was given", 0);
	strcpy(address.sun_path, outside_socket);
	int fd = (int)must(socket(AF_UNIX, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	struct ucred peer;
	socklen_t length = sizeof(peer);
	must(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length));
	act("network.connect");
	with_text("transport", "unix");
	with_text("path", outside_socket);
	with_number("peer_pid", peer.pid);
	with_number("errno", 0);
	return told();
}
