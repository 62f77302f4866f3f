/* Row 21. Reads another process's memory as a file. */
#include "tell.h"

static char shared_secret[] = "anchors";

int main(int argc, char **argv)
{
	tell("proc-mem", 21, argc, argv);
	struct gate done = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		wait_at(&done);
		_exit(0);
	}
	char *path, bytes[sizeof(shared_secret)];
	must(asprintf(&path, "/proc/%d/mem", child));
	int fd = open(path, O_RDONLY);
	if (fd < 0)
		not_possible("open of /proc/PID/mem", errno);
	must(pread(fd, bytes, sizeof(bytes), (off_t)(uintptr_t)shared_secret));
	told_open(fd, path, "read");
	open_gate(&done);
	join(child);
	return told();
}
