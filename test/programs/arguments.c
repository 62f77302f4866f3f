/* arguments COUNT BYTES: starts /bin/true with COUNT arguments of BYTES characters each, the last one "last".
 * Prints {"pid": ..., "count": arguments in all, argv[0] too, "total": their bytes with NULs}.
 */
#include "truth.h"

int main(int count, char **arguments)
{
	if (count < 3)
		return 2;
	int number = atoi(arguments[1]), bytes = atoi(arguments[2]);
	char **call = calloc(number + 3, sizeof(*call));
	char *filler = malloc(bytes + 1);
	memset(filler, 'x', bytes);
	filler[bytes] = 0;
	call[0] = "true";
	for (int i = 1; i <= number; i++)
		call[i] = filler;
	call[number + 1] = "last";
	pid_t child = must(fork());
	if (!child) {
		execv("/bin/true", call);
		_exit(1);
	}
	int status;
	must(waitpid(child, &status, 0));
	if (status)
		return 1;
	printf("{\"pid\": %d, \"count\": %d, \"total\": %zu}\n", child, number + 2,
	       sizeof("true") + (size_t)number * (bytes + 1) + sizeof("last"));
	return 0;
}
