/* Row 41. Opens by the x32 table: the same call with another number. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("x32-open", 41, argc, argv);
	char *path = make_secret();
	int fd = (int)syscall(0x40000000 + SYS_open, path, O_RDONLY);
	if (fd < 0)
		not_possible("the x32 table", errno);
	told_open(fd, path, "read");
	return told();
}
