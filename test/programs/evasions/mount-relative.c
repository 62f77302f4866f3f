/* Row 13. Mounts over a folder that it names from within the one above: the call's text is no path of the host's. */
#include "tell.h"
#include <sys/mount.h>

int main(int argc, char **argv)
{
	tell("mount-relative", 13, argc, argv);
	char *mounted = in_scratch("mounted");
	must(mkdir(mounted, 0700));
	if (unshare(CLONE_NEWNS))
		not_possible("unshare(CLONE_NEWNS)", errno);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(chdir(scratch));
	must(mount("tmpfs", "mounted", "tmpfs", 0, NULL));
	act("security.mount");
	with_text("request", "mount");
	with_text("path", mounted);
	with_number("errno", 0);
	return told();
}
