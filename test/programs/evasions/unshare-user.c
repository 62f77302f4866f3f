/* Row 38. Becomes root of a user namespace of its own, from an ordinary user. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("unshare-user", 38, argc, argv);
	char *path = in_scratch("secret");
	make_file(path, "anchors\n", 0644);
	must(chmod(scratch, 0755));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		must(setresuid(65534, 65534, 65534));
		if (unshare(CLONE_NEWUSER))
			_exit(0);
		act("security.namespace");
		with_text("namespaces", "user");
		with_number("errno", 0);
		int fd = (int)must(open(path, O_RDONLY));
		told_open(fd, path, "read");
		_exit(0);
	}
	join(child);
	if (!tale->acts)
		not_possible("unshare(CLONE_NEWUSER) as an ordinary user", 0);
	return told();
}
