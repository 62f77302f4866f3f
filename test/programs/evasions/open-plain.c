/* Row 1. The plain way, for comparison: open and read. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-plain", 1, argc, argv);
	char *path = make_secret();
	char bytes[SECRET_BYTES];
	int fd = (int)must(open(path, O_RDONLY));
	must(read(fd, bytes, sizeof(bytes)));
	told_open(fd, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
