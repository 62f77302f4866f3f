/* Row 33. Makes a file a set-user-id one, by its path. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("chmod-path", 33, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	must(chmod(path, 04755));
	act("file.attributes");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_text("attribute", "mode");
	with_number("mode", 04755);
	return told();
}
