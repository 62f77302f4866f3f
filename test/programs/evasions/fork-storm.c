/* Row 53. 500 processes at once; each exit must be there. */
#include "tell.h"

#define CHILDREN 500

int main(int argc, char **argv)
{
	tell("fork-storm", 53, argc, argv);
	pid_t children[CHILDREN];
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = (pid_t)must(fork());
		if (!children[i])
			_exit(0);
	}
	for (int i = 0; i < CHILDREN; i++) {
		join(children[i]);
		told_exit(children[i], 0);
	}
	return told();
}
