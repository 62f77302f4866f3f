/* Row 13. As bind-mount, by open_tree and move_mount: no mount call. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("bind-open-tree", 13, argc, argv);
	char *path = make_secret();
	char *real = in_scratch("real"), *mounted = in_scratch("mounted");
	must(mkdir(real, 0700));
	must(mkdir(mounted, 0700));
	must(rename(path, in_scratch("real/secret")));
	path = in_scratch("mounted/secret");
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, real, OPEN_TREE_CLONE);
	if (tree < 0)
		not_possible("open_tree", errno);
	must(syscall(SYS_move_mount, tree, "", AT_FDCWD, mounted, MOVE_MOUNT_F_EMPTY_PATH));
	act("security.mount");
	with_text("path", mounted);
	with_number("errno", 0);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
