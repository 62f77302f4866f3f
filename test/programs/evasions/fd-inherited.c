/* Row 18. Reads from a descriptor that its parent left open across exec: cat has opened nothing. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("fd-inherited", 18, argc, argv);
	char *path = make_secret();
	const char *cat = program("/usr/bin/cat");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(path, O_RDONLY)), nowhere = (int)must(open("/dev/null", O_WRONLY));
		told_open(fd, path, "read");
		must(dup2(fd, 0));
		must(dup2(nowhere, 1));
		execl(cat, "cat", NULL);
		_exit(127);
	}
	join(child);
	act_of(child, "file.close");
	with_text("path", path);
	with_number("read_bytes", SECRET_BYTES);
	return told();
}
