/* Row 32. Swaps two files: each has the other's name afterwards. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("rename-exchange", 32, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *other = in_scratch("other");
	make_file(other, "other", 0600);
	if (renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_EXCHANGE))
		not_possible("RENAME_EXCHANGE", errno);
	act("file.rename");
	with_text("from", path);
	with_text("path", other);
	with_number("inode", (long long)is.st_ino);
	with_number("exchange", 1);
	with_number("errno", 0);
	return told();
}
