/* Row 31. Wipes a file's bytes by fallocate: neither written nor truncated. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("punch-hole", 31, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	int fd = (int)must(open(path, O_WRONLY));
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SECRET_BYTES))
		not_possible("FALLOC_FL_PUNCH_HOLE", errno);
	told_open(fd, path, "write");
	act("file.truncate");
	with_text("path", path);
	with_number("errno", 0);
	return told();
}
