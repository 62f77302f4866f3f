/* Row 28. Starts a program with no argument at all, not even its name. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-no-args", 28, argc, argv);
	const char *path = program("/usr/bin/true");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		char *none[] = { NULL };
		execve(path, none, environ);
		_exit(127);
	}
	join(child);
	act_of(child, "process.exec");
	with_text("path", path);
	with_text("called_path", path);
	with_number("errno", 0);
	return told();
}
