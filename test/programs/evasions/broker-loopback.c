/* Row 46. Talks to a process outside its session over loopback, as to sshd or another agent's server. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("broker-loopback", 46, argc, argv);
	if (!outside_port)
		not_possible("no port outside the session was given", 0);
	struct sockaddr_in address = loopback(outside_port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	told_connect("tcp", "127.0.0.1", outside_port, 0);
	return told();
}
