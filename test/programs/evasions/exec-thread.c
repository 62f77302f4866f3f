/* Row 38. A thread that is not the first starts a program: it takes the process's number over, the others die. */
#include "tell.h"
#include <pthread.h>

static const char *path;

static void *start(void *unused)
{
	(void)unused;
	execl(path, "true", NULL);
	_exit(127);
}

int main(int argc, char **argv)
{
	tell("exec-thread", 38, argc, argv);
	path = program("/usr/bin/true");
	pid_t child = (pid_t)must(fork());
	if (!child) {
		pthread_t thread;
		must(-pthread_create(&thread, NULL, start, NULL));
		pause();
	}
	join(child);
	told_exec(child, path, path, 1, 0);
	told_exit(child, 0);
	return told();
}
