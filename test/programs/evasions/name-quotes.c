/* Row 53. A name of quotes, backslashes, braces and a right-to-left mark. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("name-quotes", 53, argc, argv);
	char *path = in_scratch("\"\\{}\xe2\x80\xae\x27$(true)`;|&");
	make_file(path, "anchors\n", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
