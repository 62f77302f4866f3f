/* Row 36. Sends a file through a pipe by splice. */
#include "peer.h"

int main(int argc, char **argv)
{
	tell("splice-socket", 36, argc, argv);
	char *path = make_secret();
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	int in = (int)must(open(path, O_RDONLY)), pipe[2];
	must(pipe2(pipe, 0));
	must(splice(in, NULL, pipe[1], NULL, SECRET_BYTES, 0));
	must(splice(pipe[0], NULL, fd, NULL, SECRET_BYTES, 0));
	told_connect("tcp", "127.0.0.1", port, 0);
	told_open(in, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	told_flow("tcp", port, SECRET_BYTES, 0);
	return told();
}
