/* Row 13. Opens through a bind mount in a mount namespace of its own. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("bind-mount", 13, argc, argv);
	char *path = make_secret();
	char *real = in_scratch("real"), *mounted = in_scratch("mounted");
	must(mkdir(real, 0700));
	must(mkdir(mounted, 0700));
	must(rename(path, in_scratch("real/secret")));
	path = in_scratch("mounted/secret");
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount(real, mounted, NULL, MS_BIND, NULL))
		not_possible("mount(MS_BIND)", errno);
	act("security.mount");
	with_text("path", mounted);
	with_number("errno", 0);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
