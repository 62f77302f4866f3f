/* Row 12. Opens another name of the same file, made for it: only the inode is the same. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-hard-link", 12, argc, argv);
	char *path = make_secret();
	char *alias = in_scratch("innocent");
	must(link(path, alias));
	act("file.link");
	with_text("target", path);
	with_text("path", alias);
	with_number("errno", 0);
	path = alias;
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
