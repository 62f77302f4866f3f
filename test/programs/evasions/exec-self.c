/* Row 28. Runs itself again through /proc/self/exe. */
#include "tell.h"

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "/again"))
		return 0;
	tell("exec-self", 28, argc, argv);
	const char *path = program("/proc/self/exe");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl("/proc/self/exe", "self", "/again", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, path, "/proc/self/exe", 2, 0);
	return told();
}
