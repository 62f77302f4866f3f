/* Row 33. Changes a mode through an O_PATH descriptor and /proc. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("chmod-proc-fd", 33, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *called;
	must(asprintf(&called, "/proc/self/fd/%d", (int)must(open(path, O_PATH))));
	must(chmod(called, 0644));
	act("file.attributes");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	with_text("attribute", "mode");
	with_number("mode", 0644);
	return told();
}
