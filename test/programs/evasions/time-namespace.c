/* Row 52. Lives in a time namespace where the machine was booted 11 days later: clocks of its own. */
#include "tell.h"
#include <time.h>

int main(int argc, char **argv)
{
	tell("time-namespace", 52, argc, argv);
	char *path = make_secret();
	if (unshare(CLONE_NEWTIME))
		not_possible("unshare(CLONE_NEWTIME)", errno);
	int fd = (int)must(open("/proc/self/timens_offsets", O_WRONLY));
	const char *offsets = "monotonic 1000000 0\nboottime 1000000 0\n";
	if (write(fd, offsets, strlen(offsets)) < 0)
		not_possible("/proc/self/timens_offsets", errno);
	struct timespec before, after;
	must(clock_gettime(CLOCK_BOOTTIME, &before)); /* still of the old namespace: children enter the new one */
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int secret = (int)must(open(path, O_RDONLY));
		told_open(secret, path, "read");
		_exit(0);
	}
	join(child);
	must(clock_gettime(CLOCK_BOOTTIME, &after));
	with_number("not_before_ns", before.tv_sec * 1000000000LL + before.tv_nsec);
	with_number("not_after_ns", after.tv_sec * 1000000000LL + after.tv_nsec);
	return told();
}
