/* Row 10. The plain way, for comparison: unlink. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("unlink-plain", 10, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	must(unlink(path));
	act("file.delete");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
