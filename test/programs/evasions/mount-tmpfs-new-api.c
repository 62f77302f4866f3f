/* Row 13. Writes into a tmpfs that fsopen, fsconfig and fsmount made: no mount call, and gone with the process. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("mount-tmpfs-new-api", 13, argc, argv);
	char *mounted = in_scratch("mounted"), *path = in_scratch("mounted/loot");
	must(mkdir(mounted, 0700));
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0);
	if (context < 0)
		not_possible("fsopen", errno);
	must(syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	int tree = (int)must(syscall(SYS_fsmount, context, 0, 0));
	must(syscall(SYS_move_mount, tree, "", AT_FDCWD, mounted, MOVE_MOUNT_F_EMPTY_PATH));
	act("security.mount");
	with_text("path", mounted);
	with_number("errno", 0);
	int fd = (int)must(open(path, O_WRONLY | O_CREAT, 0600));
	must(write(fd, "anchors\n", SECRET_BYTES));
	told_open(fd, path, "write");
	told_bytes(path, 0, SECRET_BYTES);
	return told();
}
