/* Row 11. Opens through /proc/self/cwd. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-proc-cwd", 11, argc, argv);
	char *path = make_secret();
	must(chdir(scratch));
	int fd = (int)must(open("/proc/self/cwd/secret", O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
