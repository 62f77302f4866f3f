/* Row 50. Moves a process outside its session into another control group, where it could be frozen, and back. */
#include "tell.h"

/* Where cgroup 2 is mounted. */
static const char *cgroup_root(void)
{
	static char line[4096], folder[1024], type[64];
	FILE *mounts = fopen("/proc/self/mounts", "r");
	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*s %1023s %63s", folder, type) == 2 && !strcmp(type, "cgroup2"))
			return folder;
	not_possible("no cgroup 2", 0);
}

/* The group of a process, without the root's slash. */
static char *group_of(pid_t pid)
{
	static char line[4096];
	char *path;
	must(asprintf(&path, "/proc/%d/cgroup", pid));
	FILE *groups = fopen(path, "r");
	while (groups && fgets(line, sizeof(line), groups)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::", 3))
			return strdup(line + 3);
	}
	not_possible("the process is in no group of cgroup 2", 0);
}

static void move_to(const char *root, const char *group)
{
	char *path;
	must(asprintf(&path, "%s%s/cgroup.procs", root, group));
	int procs = open(path, O_WRONLY);
	if (procs < 0)
		not_possible("cgroup.procs", errno);
	must(dprintf(procs, "%d", outside));
	close(procs);
	act("security.resources");
	with_text("call", "write");
	with_text("path", group);
	with_number("target", outside);
	with_number("errno", 0);
}

int main(int argc, char **argv)
{
	tell("cgroup-outside", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	const char *root = cgroup_root();
	char *before = group_of(outside), *group, *path;
	must(asprintf(&group, "%s/spoor-evasion-%d", strcmp(before, "/") ? before : "", getpid()));
	must(asprintf(&path, "%s%s", root, group));
	if (mkdir(path, 0700))
		not_possible("a control group", errno);
	move_to(root, group);
	move_to(root, before);
	must(rmdir(path));
	return told();
}
