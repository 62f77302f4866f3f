/* placed CGROUP: runs itself in a control group and in namespaces of its own, and says where it then is,
 * as the kernel's /proc tells it; CGROUP is a folder of a cgroup 2 hierarchy, made for it and removed again.
 * Prints {"pid", "cgroup", "mount", "pid_namespace", "net", "user"}: a path, and inodes.
 */
#include "truth.h"

static unsigned long namespace_of(const char *kind)
{
	char path[64];
	struct stat is;
	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	must(stat(path, &is));
	return is.st_ino;
}

static void say(void)
{
	char line[4096];
	FILE *groups = fopen("/proc/self/cgroup", "r");
	printf("{\"pid\": %d, \"cgroup\": ", getpid());
	while (groups && fgets(line, sizeof(line), groups)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::", 3)) /* cgroups(7): the line of the cgroup 2 hierarchy */
			print_text(line + 3);
	}
	printf(", \"mount\": %lu, \"pid_namespace\": %lu, \"net\": %lu, \"user\": %lu}\n", namespace_of("mnt"),
	       namespace_of("pid"), namespace_of("net"), namespace_of("user"));
}

int main(int count, char **arguments)
{
	char text[32], path[4096];
	int status;
	if (count == 1) {
		say();
		return 0;
	}
	must(mkdir(arguments[1], 0700));
	pid_t child = must(fork());
	if (!child) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", arguments[1]);
		int procs = must(open(path, O_WRONLY));
		must(write(procs, text, snprintf(text, sizeof(text), "%d", getpid())));
		must(unshare(CLONE_NEWNS | CLONE_NEWNET));
		must(execl("/proc/self/exe", "placed", NULL));
	}
	must(waitpid(child, &status, 0));
	must(rmdir(arguments[1]));
	return status ? 1 : 0;
}
