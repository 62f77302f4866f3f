/* Row 36. Sends a file by sendfile: the bytes never enter the process. */
#include "peer.h"
#include <sys/sendfile.h>

int main(int argc, char **argv)
{
	tell("sendfile-socket", 36, argc, argv);
	char *path = make_secret();
	int listener = listen_tcp();
	uint16_t port = port_of(listener);
	struct sockaddr_in address = loopback(port);
	int fd = (int)must(socket(AF_INET, SOCK_STREAM, 0));
	must(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	int in = (int)must(open(path, O_RDONLY));
	if (must(sendfile(fd, in, NULL, SECRET_BYTES)) != SECRET_BYTES)
		return 1;
	told_connect("tcp", "127.0.0.1", port, 0);
	told_open(in, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	told_flow("tcp", port, SECRET_BYTES, 0);
	return told();
}
