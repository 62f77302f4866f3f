/* Row 27. Gives a script to sh as its standard input: no argument names it. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-sh-stdin", 27, argc, argv);
	const char *shell = program("/bin/sh");
	char *path = in_scratch("script");
	make_file(path, "exit 0\n", 0600);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(path, O_RDONLY));
		told_open(fd, path, "read");
		must(dup2(fd, 0));
		execl(shell, "sh", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, shell, shell, 1, 0);
	act_of(child, "file.close");
	with_text("path", path);
	with_number("read_bytes", 7);
	return told();
}
