/* repeat COUNT: makes one rare system call COUNT times itself, COUNT times in a child and COUNT times in a thread.
 * Prints {"call", "count": of all}.
 */
#include "truth.h"
#include <pthread.h>

static long repeats;

static void *repeat(void *unused)
{
	int real, effective, saved;
	for (long i = 0; i < repeats; i++)
		must(syscall(SYS_getresgid, &real, &effective, &saved));
	return unused;
}

int main(int count, char **arguments)
{
	pthread_t thread;
	int status;
	if (count != 2)
		return 2;
	repeats = atol(arguments[1]);
	repeat(NULL);
	pid_t child = must(fork());
	if (!child) {
		repeat(NULL);
		_exit(0);
	}
	must(waitpid(child, &status, 0));
	if (status || pthread_create(&thread, NULL, repeat, NULL) || pthread_join(thread, NULL))
		return 1;
	printf("{\"call\": \"getresgid\", \"count\": %ld}\n", 3 * repeats);
	return 0;
}
