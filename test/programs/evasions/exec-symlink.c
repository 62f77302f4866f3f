/* Row 11. Runs a program through a symbolic link with an innocent name. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-symlink", 11, argc, argv);
	const char *path = program("/usr/bin/true");
	char *link = in_scratch("innocent");
	must(symlink(path, link));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(link, "innocent", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, path, link, 1, 0);
	return told();
}
