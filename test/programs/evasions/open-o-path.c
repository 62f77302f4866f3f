/* Row 16. Opens with O_PATH, which opens nothing, and then again through /proc/self/fd. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-o-path", 16, argc, argv);
	char *path = make_secret();
	int handle = (int)must(open(path, O_PATH));
	char *called;
	must(asprintf(&called, "/proc/self/fd/%d", handle));
	int fd = (int)must(open(called, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
