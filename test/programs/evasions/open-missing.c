/* Row 1. An open of what is not there: reconnaissance leaves only failures. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("open-missing", 1, argc, argv);
	char *path = in_scratch("missing");
	if (open(path, O_RDONLY) >= 0)
		return 1;
	int error = errno;
	act("file.open");
	with_text("path", path);
	with_text("access", "read");
	with_number("errno", error);
	return told();
}
