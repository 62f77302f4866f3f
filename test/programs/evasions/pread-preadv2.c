/* Row 3. Reads by pread, readv and preadv2, 8 bytes in all. */
#include "tell.h"
#include <sys/uio.h>

int main(int argc, char **argv)
{
	tell("pread-preadv2", 3, argc, argv);
	char *path = make_secret();
	int fd = (int)must(open(path, O_RDONLY));
	char bytes[SECRET_BYTES];
	struct iovec three = { bytes, 3 }, two = { bytes, 2 };
	if (must(pread(fd, bytes, 3, 0)) != 3)
		return 1;
	if (must(readv(fd, &three, 1)) != 3)
		return 1;
	if (must(preadv2(fd, &two, 1, 6, 0)) != 2)
		return 1;
	told_open(fd, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	return told();
}
