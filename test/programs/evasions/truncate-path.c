/* Row 31. Empties a file by its path: truncate, no open. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("truncate-path", 31, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	must(truncate(path, 0));
	act("file.truncate");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_number("size", 0);
	return told();
}
