/* Row 53. One argument of 100 KiB, and what matters behind it. */
#include "tell.h"

#define ARGUMENT_BYTES (100 * 1024)

int main(int argc, char **argv)
{
	tell("exec-args-long", 53, argc, argv);
	const char *path = program("/usr/bin/true");
	char *noise = malloc(ARGUMENT_BYTES + 1);
	memset(noise, 'x', ARGUMENT_BYTES);
	noise[ARGUMENT_BYTES] = 0;
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(path, "true", noise, "--what-matters", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, path, path, 3, 0);
	act_of(child, "process.exec");
	with_text("arg0", "true");
	with_text("arg_last", "--what-matters");
	with_number("args_cut", 1);
	with_number("errno", 0);
	return told();
}
