/* spawn COUNT: starts itself COUNT times, one after the other, each ending with the code COUNTER % 100.
 * Prints {"pids": [...]}, in that order.
 */
#include "truth.h"

#include <spawn.h>

int main(int count, char **arguments)
{
	extern char **environ;
	if (count == 3)
		return atoi(arguments[2]);
	int processes = count > 1 ? atoi(arguments[1]) : 0;
	printf("{\"pids\": [");
	for (int i = 0; i < processes; i++) {
		char code[16];
		pid_t child;
		snprintf(code, sizeof(code), "%d", i % 100);
		char *call[] = { arguments[0], "end", code, NULL };
		if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, call, environ))
			return 1;
		must(waitpid(child, NULL, 0));
		printf("%s%d", i ? ", " : "", child);
	}
	puts("]}");
	return 0;
}
