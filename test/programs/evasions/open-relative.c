/* Row 17. Opens relative to a working directory that was moved after it was entered. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-relative", 17, argc, argv);
	char *path = make_secret();
	char *before = in_scratch("before"), *after = in_scratch("after");
	must(mkdir(before, 0700));
	must(chdir(before));
	must(rename(path, in_scratch("before/secret")));
	must(rename(before, after));
	path = in_scratch("after/secret");
	int fd = (int)must(open("secret", O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
