/* Row 12. The plain way, for comparison: symlink. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("symlink-plain", 12, argc, argv);
	char *path = in_scratch("link");
	must(symlink("/etc/passwd", path));
	act("file.link");
	with_text("symbolic_target", "/etc/passwd");
	with_text("path", path);
	with_number("errno", 0);
	return told();
}
