/* Row 33. Sets a file's times back. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("timestomp", 33, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	struct timespec times[] = { { 1000000000, 0 }, { 1000000000, 0 } };
	must(utimensat(AT_FDCWD, path, times, 0));
	act("file.attributes");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_text("attribute", "times");
	return told();
}
