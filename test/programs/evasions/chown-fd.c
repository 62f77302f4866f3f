/* Row 33. Changes the owner of an open file. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("chown-fd", 33, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	int fd = (int)must(open(path, O_RDONLY));
	must(fchown(fd, 65534, 65534));
	act("file.attributes");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_text("attribute", "owner");
	with_number("owner", 65534);
	return told();
}
