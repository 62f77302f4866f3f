/* Row 41. Renames by int 0x80: 38 is rename there, setitimer here. */
#include "ia32.h"

int main(int argc, char **argv)
{
	tell("ia32-rename", 41, argc, argv);
	char *path = make_secret();
	struct stat is;
	must(stat(path, &is));
	char *to = in_scratch("other");
	must_int80(38, (uintptr_t)text_in_low(path), (uintptr_t)text_in_low(to), 0);
	act("file.rename");
	with_text("from", path);
	with_text("path", to);
	with_number("inode", (long long)is.st_ino);
	with_number("errno", 0);
	return told();
}
