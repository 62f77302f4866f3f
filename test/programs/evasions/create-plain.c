/* Row 1. The plain way, for comparison: open with O_CREAT. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("create-plain", 1, argc, argv);
	char *path = in_scratch("loot");
	int fd = (int)must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
	act("file.create");
	with_text("path", path);
	with_file(fd);
	told_open(fd, path, "write");
	return told();
}
