/* Row 50. Moves itself into a control group of its own making: away from limits and from sensors bound to the old one. */
#include "tell.h"
#include <linux/magic.h>
#include <sys/statfs.h>

int main(int argc, char **argv)
{
	tell("cgroup-leave", 50, argc, argv);
	struct statfs is;
	const char *root = "/sys/fs/cgroup";
	if (statfs(root, &is) || is.f_type != CGROUP2_SUPER_MAGIC)
		root = "/sys/fs/cgroup/unified";
	if (statfs(root, &is) || is.f_type != CGROUP2_SUPER_MAGIC)
		not_possible("no cgroup2 is mounted", 0);
	char *group, *members, *back;
	must(asprintf(&group, "%s/spoor-%d", root, getpid()));
	must(asprintf(&members, "%s/cgroup.procs", group));
	must(asprintf(&back, "%s/cgroup.procs", root));
	if (mkdir(group, 0700))
		not_possible("mkdir in cgroup2", errno);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int fd = (int)must(open(members, O_WRONLY));
		if (write(fd, "0", 1) < 0)
			_exit(0);
		told_open(fd, members, "write");
		int secret = (int)must(open(make_secret(), O_RDONLY));
		told_open(secret, in_scratch("secret"), "read");
		must(write((int)must(open(back, O_WRONLY)), "0", 1));
		_exit(0);
	}
	join(child);
	must(rmdir(group));
	if (!tale->acts)
		not_possible("moving into a cgroup2", 0);
	return told();
}
