/* Row 27. Runs a script that has no permission to be run, by naming it to sh. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-sh-file", 27, argc, argv);
	const char *shell = program("/bin/sh");
	char *path = in_scratch("script");
	make_file(path, "exit 0\n", 0600);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(shell, "sh", path, NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, shell, shell, 2, 0);
	act_of(child, "file.open");
	with_text("path", path);
	with_text("access", "read");
	with_number("errno", 0);
	return told();
}
