/* Row 40. Becomes another user, then opens: the event must say who it was at the act. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("credentials-drop", 40, argc, argv);
	char *path = in_scratch("secret");
	make_file(path, "anchors\n", 0644);
	must(chmod(scratch, 0755));
	must(setresuid(65534, 65534, 65534));
	act("security.credentials");
	with_number("uid", 65534);
	with_number("errno", 0);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
