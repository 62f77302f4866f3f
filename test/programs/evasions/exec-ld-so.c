/* Row 25. Runs a program by the dynamic loader: the kernel maps ld.so, the program is only a file it opens. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-ld-so", 25, argc, argv);
	const char *loader = program("/lib64/ld-linux-x86-64.so.2");
	char *path = make_program(program("/usr/bin/true"), "tool");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(loader, loader, path, NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, loader, loader, 2, 0);
	act_of(child, "file.open");
	with_text("path", path);
	with_text("access", "read");
	with_number("errno", 0);
	return told();
}
