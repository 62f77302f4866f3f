/* Row 53. A name of 255 bytes, the longest there is. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("name-255", 53, argc, argv);
	char name[256];
	memset(name, 0x61, 255);
	name[255] = 0;
	char *path = in_scratch(name);
	make_file(path, "anchors\n", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
