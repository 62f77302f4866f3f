/* flood RATE SECONDS: makes RATE events a second, evenly, and prints how many it made.
 *
 * An event is an open of a name that is not there, each another: the cheapest act that is always reported, so
 * the generator leaves as much of the machine to the watcher as any can. RATE 0 is as fast as one core goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BURST 64	/* events between two looks at the clock: 1 % of a millisecond's worth at 6 million a second */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: flood RATE SECONDS\n", stderr);
		return 2;
	}
	double rate = atof(argv[1]), seconds = atof(argv[2]);
	long made = 0;
	double began = now();

	for (;;) {
		double spent = now() - began;

		if (spent >= seconds)
			break;
		if (rate > 0 && made > spent * rate) {
			struct timespec pause = { .tv_nsec = 200000 };

			nanosleep(&pause, NULL);
			continue;
		}
		for (int i = 0; i < BURST; i++) {
			char name[32];

			snprintf(name, sizeof name, "/spoor-flood/%ld", made);
			if (open(name, O_RDONLY) >= 0 || errno != ENOENT) {
				fputs("flood: /spoor-flood is there\n", stderr);
				return 1;
			}
			made++;
		}
	}
	printf("%ld\n", made);
	return 0;
}
