/* Row 24. Runs a program relative to a descriptor of its folder (execveat). */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-dirfd", 24, argc, argv);
	char *path = make_program(program("/usr/bin/true"), "tool");
	int folder = (int)must(open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		char *args[] = { "tool", NULL };
		syscall(SYS_execveat, folder, "tool", args, environ, 0);
		_exit(127);
	}
	join(child);
	act_of(child, "process.exec");
	with_text("path", path);
	with_number("args_count", 1);
	with_number("errno", 0);
	return told();
}
