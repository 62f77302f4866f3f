/* Row 38. Runs in new pid, mount, UTS, IPC and network namespaces: its own number is 1. */
#include "tell.h"
#include <linux/sched.h>

int main(int argc, char **argv)
{
	tell("clone3-namespaces", 38, argc, argv);
	char *path = make_secret();
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.exit_signal = SIGCHLD,
	};
	struct stat is;
	must(stat(path, &is));
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child < 0)
		not_possible("clone3 into namespaces", errno);
	if (!child) {
		must(open(path, O_RDONLY));
		_exit(getpid() != 1);
	}
	join(child);
	act_of(child, "file.open");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_text("access", "read");
	with_number("errno", 0);
	act("security.namespace");
	with_number("errno", 0);
	return told();
}
