/* Row 17. Opens "/secret" by openat2 with RESOLVE_IN_ROOT: the path is absolute and means another file. */
#include "tell.h"
#include <linux/openat2.h>

int main(int argc, char **argv)
{
	tell("openat2-in-root", 17, argc, argv);
	char *path = make_secret();
	int folder = (int)must(open(scratch, O_PATH | O_DIRECTORY));
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, folder, "/secret", &how, sizeof(how));
	if (fd < 0)
		not_possible("openat2", errno);
	told_open(fd, path, "read");
	return told();
}
