/* Row 5. Writes through a shared mapping after the descriptor is closed: no write call ever. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("mmap-write", 5, argc, argv);
	char *path = make_secret();
	int fd = (int)must(open(path, O_RDWR));
	char *bytes = mmap(NULL, SECRET_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED)
		return 1;
	told_open(fd, path, "read_write");
	close(fd);
	memcpy(bytes, "ANCHORS\n", SECRET_BYTES);
	must(msync(bytes, SECRET_BYTES, MS_SYNC));
	act("file.close");
	with_text("path", path);
	with_text("mapped", "write");
	with_number("mapped_bytes", 4096);
	return told();
}
