/* Row 21. Reads another process's environment, where keys live. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("proc-environ", 21, argc, argv);
	struct gate done = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		wait_at(&done);
		_exit(0);
	}
	char *path, bytes[4096];
	must(asprintf(&path, "/proc/%d/environ", child));
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		not_possible("open of /proc/PID/environ", errno);
	must(read(fd, bytes, sizeof(bytes)));
	told_open(fd, path, "read");
	open_gate(&done);
	join(child);
	return told();
}
