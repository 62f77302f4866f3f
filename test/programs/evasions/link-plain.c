/* Row 12. The plain way, for comparison: link. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("link-plain", 12, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *alias = in_scratch("alias");
	must(link(path, alias));
	act("file.link");
	with_text("target", path);
	with_text("path", alias);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
