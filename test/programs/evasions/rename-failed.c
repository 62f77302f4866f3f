/* Row 32. A rename that the kernel refuses: onto an existing name with RENAME_NOREPLACE. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("rename-failed", 32, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *victim = in_scratch("victim");
	make_file(victim, "old", 0600);
	if (!renameat2(AT_FDCWD, path, AT_FDCWD, victim, RENAME_NOREPLACE))
		return 1;
	act("file.rename");
	with_text("from", path);
	with_text("path", victim);
	with_number("errno", EEXIST);
	return told();
}
