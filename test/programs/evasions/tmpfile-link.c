/* Row 32. Writes a file without a name (O_TMPFILE) and gives it one at the end. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("tmpfile-link", 32, argc, argv);
	char *path = in_scratch("loot"), *called;
	int fd = open(scratch, O_TMPFILE | O_WRONLY, 0600);
	if (fd < 0)
		not_possible("O_TMPFILE", errno);
	must(write(fd, "anchors\n", SECRET_BYTES));
	must(asprintf(&called, "/proc/self/fd/%d", fd));
	must(linkat(AT_FDCWD, called, AT_FDCWD, path, AT_SYMLINK_FOLLOW));
	act("file.open");
	with_file(fd);
	with_text("access", "write");
	with_number("errno", 0);
	act("file.link");
	with_text("path", path);
	with_file(fd);
	with_number("errno", 0);
	return told();
}
