/* Row 11. Opens LINK/../secret, where LINK leads into another folder: the text of the path is a lie. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-symlink-parent", 11, argc, argv);
	char *path = make_secret();
	char *deep = in_scratch("deep"), *below = in_scratch("deep/below"), *hidden = in_scratch("deep/secret");
	must(mkdir(deep, 0700));
	must(mkdir(below, 0700));
	must(rename(path, hidden));
	path = hidden;
	must(symlink(below, in_scratch("link")));
	int fd = (int)must(open(in_scratch("link/../secret"), O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
