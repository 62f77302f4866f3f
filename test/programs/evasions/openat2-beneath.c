/* Row 17. openat2 with RESOLVE_BENEATH refuses to leave the folder: EXDEV, a failure that open never gives. */
#include "tell.h"
#include <linux/openat2.h>

int main(int argc, char **argv)
{
	tell("openat2-beneath", 17, argc, argv);
	make_secret();
	must(mkdir(in_scratch("folder"), 0700));
	int folder = (int)must(open(in_scratch("folder"), O_PATH | O_DIRECTORY));
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	if (syscall(SYS_openat2, folder, "../secret", &how, sizeof(how)) >= 0)
		return 1;
	if (errno == ENOSYS)
		not_possible("openat2", errno);
	act("file.open");
	with_text("access", "read");
	with_number("errno", EXDEV);
	return told();
}
