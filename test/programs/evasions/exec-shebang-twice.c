/* Row 26. Runs a script whose interpreter is a script. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-shebang-twice", 26, argc, argv);
	char *inner = in_scratch("inner"), *outer = in_scratch("outer"), *content;
	make_file(inner, "#!/bin/sh\nexit 0\n", 0755);
	must(asprintf(&content, "#!%s\n", inner));
	make_file(outer, content, 0755);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(outer, "outer", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, program("/bin/sh"), outer, 3, 0);
	return told();
}
