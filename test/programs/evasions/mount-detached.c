/* Row 13. Opens inside a clone of the folder that is mounted nowhere: no path leads there. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("mount-detached", 13, argc, argv);
	make_secret();
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, scratch, OPEN_TREE_CLONE);
	if (tree < 0)
		not_possible("open_tree", errno);
	int fd = (int)must(openat(tree, "secret", O_RDONLY));
	act("file.open");
	with_file(fd);
	with_text("access", "read");
	with_number("errno", 0);
	return told();
}
