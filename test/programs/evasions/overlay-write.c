/* Row 49. Writes through an overlay: the kernel copies the file up, a write of its own, and opens two inodes. */
#include "overlay.h"

int main(int argc, char **argv)
{
	tell("overlay-write", 49, argc, argv);
	char *path = make_secret_below();
	int fd = (int)must(open(path, O_WRONLY));
	must(write(fd, "ANCHORS\n", SECRET_BYTES));
	act("file.open");
	with_text("path", path);
	with_text("access", "write");
	with_number("errno", 0);
	told_bytes(path, 0, SECRET_BYTES);
	return told();
}
