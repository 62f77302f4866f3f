/* Row 26. Runs a file by a handler registered with the kernel for its first bytes (binfmt_misc). */
#include "tell.h"

#define REGISTRY "/proc/sys/fs/binfmt_misc"

int main(int argc, char **argv)
{
	tell("exec-binfmt", 26, argc, argv);
	const char *handler = program("/usr/bin/true");
	int fd = open(REGISTRY "/register", O_WRONLY);
	if (fd < 0)
		not_possible(REGISTRY "/register", errno);
	char *rule, *name;
	must(asprintf(&name, "spoor%d", getpid()));
	must(asprintf(&rule, ":%s:M::SPOOR%d::%s:", name, getpid(), handler));
	if (write(fd, rule, strlen(rule)) < 0)
		not_possible("registering a handler", errno);
	char *path = in_scratch("document"), *content;
	must(asprintf(&content, "SPOOR%d\n", getpid()));
	make_file(path, content, 0755);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl(path, "document", NULL);
		_exit(127);
	}
	join(child);
	char *entry;
	must(asprintf(&entry, REGISTRY "/%s", name));
	int remove = (int)must(open(entry, O_WRONLY));
	must(write(remove, "-1", 2));
	told_exec(child, handler, path, 2, 0);
	return told();
}
