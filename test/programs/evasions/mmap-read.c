/* Row 4. Reads through a private mapping, after the descriptor is closed: no read call ever. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("mmap-read", 4, argc, argv);
	char *path = make_secret();
	int fd = (int)must(open(path, O_RDONLY));
	volatile const char *bytes = mmap(NULL, SECRET_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return 1;
	told_open(fd, path, "read");
	close(fd);
	int sum = 0;
	for (int i = 0; i < SECRET_BYTES; i++)
		sum += bytes[i];
	if (!sum)
		return 1;
	act("file.close");
	with_text("path", path);
	with_text("mapped", "read");
	with_number("mapped_bytes", 4096);
	return told();
}
