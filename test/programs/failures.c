/* failures FOLDER: three processes, one after the other, as a user who may not, each look twice for a name that is
 * not there, for its neighbour, for the same name in another folder, and at a file that is refused.
 * Prints {"missing": PATH, "neighbour": PATH, "elsewhere": PATH, "refused": PATH, "pids": [...]}.
 */
#include "truth.h"

#define NOBODY 65534

static void fail_to_open(const char *path, int flags, int expected)
{
	if (open(path, flags) != -1 || errno != expected) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		_exit(1);
	}
}

static void look(void)
{
	must(setgid(NOBODY));
	must(setuid(NOBODY));
	for (int twice = 0; twice < 2; twice++) {
		fail_to_open("missing", O_RDONLY, ENOENT);
		fail_to_open("missinh", O_RDONLY, ENOENT);
		fail_to_open("missing", O_WRONLY, ENOENT);
		fail_to_open("other/missing", O_RDONLY, ENOENT);
		fail_to_open("refused", O_RDONLY, EACCES);
	}
	must(chdir("other"));
	fail_to_open("missing", O_RDONLY, ENOENT);
	_exit(0);
}

static void print_path(const char *name, const char *folder, const char *file)
{
	printf("\"%s\": ", name);
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	print_text(path);
	printf(", ");
}

int main(int count, char **arguments)
{
	if (count != 2)
		return 2;
	must(chmod(arguments[1], 0755));
	must(chdir(arguments[1]));
	must(mkdir("other", 0755));
	close(must(open("refused", O_CREAT | O_WRONLY, 0600)));
	must(chmod("refused", 0600));
	printf("{");
	print_path("missing", arguments[1], "missing");
	print_path("neighbour", arguments[1], "missinh");
	print_path("elsewhere", arguments[1], "other/missing");
	print_path("refused", arguments[1], "refused");
	printf("\"pids\": [");
	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		pid_t child = must(fork());
		if (!child)
			look();
		int status;
		must(waitpid(child, &status, 0));
		if (status)
			return 1;
		printf("%s%d", i ? ", " : "", child);
	}
	puts("]}");
	return 0;
}
