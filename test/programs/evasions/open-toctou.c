/* Row 1. A thread changes the path in memory while opens run: the argument and the file differ now and then.
 * Told is the first open of each file, by what the descriptor really is. */
#include "tell.h"
#include <pthread.h>

/* Enough that both files were opened in every one of 100 trials on two CPUs; on one CPU one may do. */
#define OPENS 20000

static volatile char called[4096];
static volatile int done;

static void *flip(void *unused)
{
	(void)unused;
	size_t last = strlen((char *)called) - 1;
	while (!done)
		called[last] ^= 'a' ^ 'b';
	return NULL;
}

int main(int argc, char **argv)
{
	tell("open-toctou", 1, argc, argv);
	char *a = in_scratch("a"), *b = in_scratch("b");
	make_file(a, "a", 0600);
	make_file(b, "b", 0600);
	struct stat is_a;
	must(stat(a, &is_a));
	strcpy((char *)called, a);
	pthread_t thread;
	must(-pthread_create(&thread, NULL, flip, NULL));
	int opened_a = 0, opened_b = 0;
	for (int i = 0; i < OPENS; i++) {
		int fd = (int)must(open((char *)called, O_RDONLY));
		struct stat is;
		must(fstat(fd, &is));
		int *opened = is.st_ino == is_a.st_ino ? &opened_a : &opened_b;
		if (!(*opened)++)
			told_open(fd, opened == &opened_a ? a : b, "read");
		close(fd);
	}
	done = 1;
	pthread_join(thread, NULL);
	return told();
}
