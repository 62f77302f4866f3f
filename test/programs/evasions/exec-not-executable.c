/* Row 29. A file without the permission to be run. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-not-executable", 29, argc, argv);
	char *path = make_secret();
	execl(path, "secret", NULL);
	told_exec(getpid(), "", path, 1, errno);
	return told();
}
