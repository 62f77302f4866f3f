/* Row 53. A name with terminal escape sequences in it. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("name-escape", 53, argc, argv);
	char *path = in_scratch("a\x1b[2J\x1b]0;owned\x07\r\x7f");
	make_file(path, "anchors\n", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
