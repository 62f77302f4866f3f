/* Row 41. Reads and writes by int 0x80: 3 and 4 are read and write there, close and stat here. */
#include "ia32.h"

int main(int argc, char **argv)
{
	tell("ia32-read-write", 41, argc, argv);
	char *path = make_secret();
	int fd = must_int80(5, (uintptr_t)text_in_low(path), O_RDWR, 0);
	char bytes[SECRET_BYTES] = "";
	char *buffer = in_low(bytes, sizeof(bytes));
	if (must_int80(3, (uintptr_t)fd, (uintptr_t)buffer, 5) != 5)
		return 1;
	if (must_int80(4, (uintptr_t)fd, (uintptr_t)buffer, 3) != 3)
		return 1;
	told_open(fd, path, "read_write");
	told_bytes(path, 5, 3);
	must_int80(6, (uintptr_t)fd, 0, 0);
	return told();
}
