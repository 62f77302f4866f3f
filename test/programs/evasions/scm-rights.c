/* Row 18. Reads from a descriptor that another process opened and passed over a unix socket: no open of its own. */
#include "tell.h"
#include <sys/socket.h>

union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int over, int fd)
{
	char byte = 0;
	struct iovec vector = { &byte, 1 };
	union control control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET,
					      .cmsg_type = SCM_RIGHTS } };
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	must(sendmsg(over, &message, 0));
}

static int receive_descriptor(int over)
{
	char byte;
	struct iovec vector = { &byte, 1 };
	union control control;
	struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	must(recvmsg(over, &message, 0));
	int fd;
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

int main(int argc, char **argv)
{
	tell("scm-rights", 18, argc, argv);
	char *path = make_secret();
	int ends[2];
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(path, O_RDONLY));
		told_open(fd, path, "read");
		send_descriptor(ends[1], fd);
		_exit(0);
	}
	int fd = receive_descriptor(ends[0]);
	join(child);
	char bytes[SECRET_BYTES];
	if (must(read(fd, bytes, sizeof(bytes))) != SECRET_BYTES)
		return 1;
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
