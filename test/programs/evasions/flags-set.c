/* Row 33. Makes a file such that nobody can change it, not even who has it open (chattr +i), and takes that back. */
#include "tell.h"
#include <linux/fs.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	tell("flags-set", 33, argc, argv);
	char *path = make_secret();
	int flags, fd = (int)must(open(path, O_RDONLY));
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		not_possible("flags on this file system", errno);
	for (int immutable = 1; immutable >= 0; immutable--) {
		int wanted = immutable ? flags | FS_IMMUTABLE_FL : flags;
		if (ioctl(fd, FS_IOC_SETFLAGS, &wanted))
			not_possible("FS_IMMUTABLE_FL", errno);
		act("file.attributes");
		with_text("path", path);
		with_file(fd);
		with_number("errno", 0);
	}
	return told();
}
