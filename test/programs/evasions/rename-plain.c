/* Row 32. The plain way, for comparison: rename. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("rename-plain", 32, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *to = in_scratch("other");
	must(rename(path, to));
	act("file.rename");
	with_text("from", path);
	with_text("path", to);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
