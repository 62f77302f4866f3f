/* Row 41. Opens by int 0x80: the number is of another table (5 is open there, fstat here). */
#include "ia32.h"

int main(int argc, char **argv)
{
	tell("ia32-open", 41, argc, argv);
	char *path = make_secret();
	int fd = must_int80(5, (uintptr_t)text_in_low(path), O_RDONLY, 0);
	told_open(fd, path, "read");
	return told();
}
