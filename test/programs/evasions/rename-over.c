/* Row 32. Replaces a file by renaming another onto it: the old content goes without a delete or a write. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("rename-over", 32, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *victim = in_scratch("victim");
	make_file(victim, "old", 0600);
	must(rename(path, victim));
	act("file.rename");
	with_text("from", path);
	with_text("path", victim);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
