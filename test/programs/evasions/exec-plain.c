/* Row 1. The plain way, for comparison: fork and execve. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-plain", 1, argc, argv);
	const char *path = program("/usr/bin/true");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(path, "true", "argument", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, path, path, 2, 0);
	told_exit(child, 0);
	return told();
}
