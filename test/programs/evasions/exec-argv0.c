/* Row 28. Starts a program under the name of a kernel thread. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-argv0", 28, argc, argv);
	const char *path = program("/usr/bin/true");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(path, "[kworker/0:0]", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, path, path, 1, 0);
	act_of(child, "process.exec");
	with_text("arg0", "[kworker/0:0]");
	with_number("errno", 0);
	return told();
}
