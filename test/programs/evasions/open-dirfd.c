/* Row 17. Opens relative to a descriptor of the folder. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-dirfd", 17, argc, argv);
	char *path = make_secret();
	int folder = (int)must(open(scratch, O_RDONLY | O_DIRECTORY));
	int fd = (int)must(openat(folder, "secret", O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
