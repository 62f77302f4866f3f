/* Row 10. Makes a folder. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("mkdir-plain", 10, argc, argv);
	char *path = in_scratch("folder");
	must(mkdir(path, 0700));
	struct stat is;
	must(stat(path, &is));
	act("file.create");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
