/* Row 11. Opens through a symbolic link: the real path is another. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-symlink", 11, argc, argv);
	char *path = make_secret();
	char *link = in_scratch("innocent");
	must(symlink(path, link));
	int fd = (int)must(open(link, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
