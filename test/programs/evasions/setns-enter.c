/* Row 38. Enters the mount namespace of another process and opens there. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("setns-enter", 38, argc, argv);
	char *mounted = in_scratch("mounted"), *path = in_scratch("mounted/secret");
	must(mkdir(mounted, 0700));
	struct gate ready = make_gate(), done = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		if (!unshare(CLONE_NEWNS)) {
			must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
			must(mount("spoor", mounted, "tmpfs", 0, NULL));
			make_file(path, "anchors\n", 0600);
		}
		open_gate(&ready);
		wait_at(&done);
		_exit(0);
	}
	wait_at(&ready);
	char *theirs;
	must(asprintf(&theirs, "/proc/%d/ns/mnt", child));
	if (setns((int)must(open(theirs, O_RDONLY)), CLONE_NEWNS))
		not_possible("setns", errno);
	act("security.namespace");
	with_text("namespaces", "mount");
	with_number("errno", 0);
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		not_possible("a mount namespace", errno);
	told_open(fd, path, "read");
	open_gate(&done);
	join(child);
	return told();
}
