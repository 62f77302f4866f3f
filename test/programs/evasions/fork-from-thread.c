/* Row 38. A thread forks, its child opens. */
#include "tell.h"
#include <pthread.h>

static char *path;

static void *work(void *unused)
{
	(void)unused;
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(path, O_RDONLY));
		told_open(fd, path, "read");
		_exit(0);
	}
	join(child);
	return NULL;
}

int main(int argc, char **argv)
{
	tell("fork-from-thread", 38, argc, argv);
	path = make_secret();
	pthread_t thread;
	must(-pthread_create(&thread, NULL, work, NULL));
	pthread_join(thread, NULL);
	return told();
}
