/* Row 11. Opens by a path full of /./, // and folder/.. . */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-dots", 11, argc, argv);
	char *path = make_secret();
	must(mkdir(in_scratch("a"), 0700));
	int fd = (int)must(open(in_scratch("a/.././/./a/..//secret"), O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
