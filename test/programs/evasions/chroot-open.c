/* Row 14. Opens inside a chroot: its own paths begin below the real root. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("chroot-open", 14, argc, argv);
	char *path = make_secret();
	if (chroot(scratch))
		not_possible("chroot", errno);
	act("security.chroot");
	with_text("path", scratch);
	with_number("errno", 0);
	int fd = (int)must(open("/secret", O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
