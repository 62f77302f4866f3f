/* Row 24. Deletes a file that is open and goes on writing: the bytes have no name. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("unlink-open", 24, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	int fd = (int)must(open(path, O_WRONLY));
	must(unlink(path));
	must(write(fd, "anchors\n", SECRET_BYTES));
	act("file.delete");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	act("file.close");
	with_number("inode", (long long)is.st_ino);
	with_number("written_bytes", SECRET_BYTES);
	return told();
}
