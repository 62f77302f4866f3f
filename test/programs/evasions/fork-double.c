/* Row 38. Leaves its tree: forks twice, a session of its own, the middle parent ends first. */
#include "tell.h"
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	tell("fork-double", 38, argc, argv);
	char *path = make_secret();
	struct gate done = make_gate(), orphaned = make_gate();
	pid_t middle = (pid_t)must(fork());
	if (!middle) {
		pid_t daemon = (pid_t)must(fork());
		if (daemon)
			_exit(0);
		must(setsid());
		wait_at(&orphaned);
		int fd = (int)must(open(path, O_RDONLY));
		told_open(fd, path, "read");
		act("process.fork");
		open_gate(&done);
		_exit(0);
	}
	join(middle);
	open_gate(&orphaned);
	wait_at(&done);
	return told();
}
