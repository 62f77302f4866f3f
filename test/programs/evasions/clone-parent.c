/* Row 39. Makes a sibling instead of a child (CLONE_PARENT): its parent is the one that started this program. */
#include "tell.h"
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	tell("clone-parent", 39, argc, argv);
	char *path = make_secret();
	/* The sibling's parent is a child of ours, so that somebody of the program waits for it. */
	pid_t foster = (pid_t)must(fork());
	if (!foster) {
		pid_t caller = (pid_t)must(fork());
		if (!caller) {
			/* glibc's clone wants a stack; the plain call goes on here in both. exit_signal must be 0. */
			pid_t sibling = (pid_t)must(syscall(SYS_clone, CLONE_PARENT, NULL, NULL, NULL, NULL));
			if (!sibling) {
				int fd = (int)must(open(path, O_RDONLY));
				told_open(fd, path, "read");
			}
			_exit(0);
		}
		join(caller);
		must(waitpid(-1, NULL, __WALL));
		_exit(0);
	}
	join(foster);
	return told();
}
