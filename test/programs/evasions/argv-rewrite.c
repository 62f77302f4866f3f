/* Row 28. Overwrites its own arguments in memory and then opens: /proc/PID/cmdline lies from then on. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("argv-rewrite", 28, argc, argv);
	char *path = make_secret();
	act("process.exec");
	with_text("arg_last", argv[argc - 1]);
	with_number("args_count", argc);
	with_number("errno", 0);
	scratch = strdup(scratch);
	for (int i = 0; i < argc; i++)
		memset(argv[i], 'x', strlen(argv[i]));
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
