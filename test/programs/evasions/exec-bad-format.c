/* Row 29. A file that may be run and is no program. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-bad-format", 29, argc, argv);
	char *path = in_scratch("noise");
	make_file(path, "\1\2\3\4", 0755);
	execl(path, "noise", NULL);
	told_exec(getpid(), "", path, 1, errno);
	return told();
}
