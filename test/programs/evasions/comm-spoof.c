/* Row 28. Takes the name of a kernel thread (prctl) and then opens: identity must not hang on the name. */
#include "tell.h"
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	tell("comm-spoof", 28, argc, argv);
	char *path = make_secret();
	must(prctl(PR_SET_NAME, "kworker/0:0", 0, 0, 0));
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
