/* Row 33. Sets an extended attribute. */
#include "tell.h"
#include <sys/xattr.h>

int main(int argc, char **argv)
{
	tell("xattr-set", 33, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	if (setxattr(path, "user.spoor", "1", 1, 0))
		not_possible("setxattr", errno);
	act("file.attributes");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_text("attribute", "xattr");
	with_text("xattr", "user.spoor");
	return told();
}
