/* Row 53. A name with a new line in it: forges a line of a text log. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("name-newline", 53, argc, argv);
	char *path = in_scratch("a\nuid=0 path=\"b\"");
	make_file(path, "anchors\n", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
