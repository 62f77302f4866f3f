/* Row 29. A program that is not there: the search of a tool leaves only failures. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-missing", 29, argc, argv);
	char *path = in_scratch("missing");
	execl(path, "missing", "argument", NULL);
	told_exec(getpid(), "", path, 2, errno);
	return told();
}
