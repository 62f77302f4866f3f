/* Row 17. Renames between two folders given as descriptors, by bare names. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("rename-dirfd", 17, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *folder = in_scratch("folder"), *to = in_scratch("folder/other");
	must(mkdir(folder, 0700));
	int from_fd = (int)must(open(scratch, O_PATH | O_DIRECTORY)), to_fd = (int)must(open(folder, O_PATH | O_DIRECTORY));
	must(renameat(from_fd, "secret", to_fd, "other"));
	act("file.rename");
	with_text("from", path);
	with_text("path", to);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
