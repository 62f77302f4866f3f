/* Row 53. 3,000 arguments. */
#include "tell.h"

#define ARGUMENTS 3000

int main(int argc, char **argv)
{
	tell("exec-args-many", 53, argc, argv);
	const char *path = program("/usr/bin/true");
	char *args[ARGUMENTS + 1];
	for (int i = 0; i < ARGUMENTS; i++)
		must(asprintf(&args[i], "argument%d", i));
	args[ARGUMENTS] = NULL;
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execv(path, args);
		_exit(127);
	}
	join(child);
	told_exec(child, path, path, ARGUMENTS, 0);
	act_of(child, "process.exec");
	with_text("arg0", args[0]);
	with_text("arg_last", args[ARGUMENTS - 1]);
	with_number("errno", 0);
	return told();
}
