/* Row 31. Empties a file as it is opened: O_TRUNC. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("truncate-open", 31, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	int fd = (int)must(open(path, O_WRONLY | O_TRUNC));
	told_open(fd, path, "write");
	act("file.truncate");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
