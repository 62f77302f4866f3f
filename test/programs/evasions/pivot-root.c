/* Row 14. Changes its root by pivot_root in a mount namespace of its own, and opens there. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("pivot-root", 14, argc, argv);
	char *path = make_secret();
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount(scratch, scratch, NULL, MS_BIND, NULL));
	must(chdir(scratch));
	if (syscall(SYS_pivot_root, ".", "."))
		not_possible("pivot_root", errno);
	act("security.mount");
	with_number("errno", 0);
	must(umount2(".", MNT_DETACH));
	int fd = (int)must(open("/secret", O_RDONLY));
	act("file.open");
	with_text("path", path);
	with_file(fd);
	with_text("access", "read");
	with_number("errno", 0);
	return told();
}
