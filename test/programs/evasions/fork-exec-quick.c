/* Row 53. A program that is gone before anyone can look at /proc. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("fork-exec-quick", 53, argc, argv);
	const char *path = program("/usr/bin/true");
	for (int i = 0; i < 20; i++) {
		pid_t child = (pid_t)must(vfork());
		if (!child) {
			execl(path, "true", NULL);
			_exit(127);
		}
		join(child);
		told_exec(child, path, path, 1, 0);
		told_exit(child, 0);
	}
	return told();
}
