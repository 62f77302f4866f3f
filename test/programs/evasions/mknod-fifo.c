/* Row 10. Makes a named pipe. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("mknod-fifo", 10, argc, argv);
	char *path = in_scratch("pipe");
	must(mknod(path, S_IFIFO | 0600, 0));
	struct stat is;
	must(stat(path, &is));
	act("file.create");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
