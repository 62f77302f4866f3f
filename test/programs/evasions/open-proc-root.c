/* Row 11. Opens through /proc/self/root. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-proc-root", 11, argc, argv);
	char *path = make_secret();
	char *called;
	must(asprintf(&called, "/proc/self/root%s", path));
	int fd = (int)must(open(called, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
