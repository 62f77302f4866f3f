/* Row 49. Opens through an overlay: the file has an identity in the overlay and another below it. */
#include "overlay.h"

int main(int argc, char **argv)
{
	tell("overlay-open", 49, argc, argv);
	char *path = make_secret_below();
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	char bytes[SECRET_BYTES];
	must(read(fd, bytes, sizeof(bytes)));
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
