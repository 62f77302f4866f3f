/* Row 31. Empties an open file: ftruncate. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("truncate-fd", 31, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	int fd = (int)must(open(path, O_WRONLY));
	must(ftruncate(fd, 0));
	act("file.truncate");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_number("size", 0);
	return told();
}
