/* Row 26. Runs a script by its first line: the kernel maps the interpreter. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-shebang", 26, argc, argv);
	char *path = in_scratch("script");
	make_file(path, "#!/bin/sh\nexit 0\n", 0755);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(path, "script", "argument", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, program("/bin/sh"), path, 3, 0);
	return told();
}
