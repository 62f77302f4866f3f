/* Row 38. Starts a program from vfork: parent and child share their memory until then. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-vfork", 38, argc, argv);
	const char *path = program("/usr/bin/true");
	pid_t child = (pid_t)must(vfork());
	if (!child) {
		execl(path, "true", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, path, path, 1, 0);
	return told();
}
