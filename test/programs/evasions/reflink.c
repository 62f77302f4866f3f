/* Row 49. Copies a file by sharing its blocks (FICLONE): neither read nor written, only an ioctl. */
#include "tell.h"
#include <linux/fs.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	tell("reflink", 49, argc, argv);
	char *from = make_secret();
	char *to = in_scratch("copy");
	make_file(to, "", 0600);
	int in = (int)must(open(from, O_RDONLY));
	int out = (int)must(open(to, O_WRONLY));
	if (ioctl(out, FICLONE, in))
		not_possible("the scratch file system shares no blocks", errno);
	told_open(in, from, "read");
	told_open(out, to, "write");
	return told();
}
