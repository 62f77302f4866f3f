/* Row 1. An open that the kernel refuses, by a process without root's override. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-denied", 1, argc, argv);
	char *path = in_scratch("secret");
	make_file(path, "anchors\n", 0000);
	must(chmod(scratch, 0755));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		must(setresuid(65534, 65534, 65534));
		int fd = open(path, O_RDONLY);
		int error = errno;
		if (fd >= 0)
			_exit(1);
		act("file.open");
		with_text("path", path);
		with_text("access", "read");
		with_number("errno", error);
		_exit(0);
	}
	join(child);
	return told();
}
