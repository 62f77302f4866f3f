/* Row 19. Takes a descriptor out of another process: no open of its own, nothing passed. */
#include "tell.h"
#include <sys/pidfd.h>

int main(int argc, char **argv)
{
	tell("pidfd-getfd", 19, argc, argv);
	char *path = make_secret();
	struct gate opened = make_gate(), taken = make_gate();
	int theirs = 100;
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(path, O_RDONLY));
		told_open(fd, path, "read");
		must(dup2(fd, theirs));
		open_gate(&opened);
		wait_at(&taken);
		_exit(0);
	}
	wait_at(&opened);
	int pidfd = (int)must(pidfd_open(child, 0));
	int fd = pidfd_getfd(pidfd, theirs, 0);
	if (fd < 0) {
		int error = errno;
		kill(child, SIGKILL);
		not_possible("pidfd_getfd", error);
	}
	act("security.pidfd_getfd");
	with_number("target", child);
	with_number("errno", 0);
	char bytes[SECRET_BYTES];
	if (must(read(fd, bytes, sizeof(bytes))) != SECRET_BYTES)
		return 1;
	told_bytes(path, SECRET_BYTES, 0);
	open_gate(&taken);
	join(child);
	return told();
}
