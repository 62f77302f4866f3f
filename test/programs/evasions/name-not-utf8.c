/* Row 53. A name that is no UTF-8: stray, cut and overlong sequences. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("name-not-utf8", 53, argc, argv);
	char *path = in_scratch("a\xff\xfe\xc0\xaf\xed\xa0\x80\xe2\x82");
	make_file(path, "anchors\n", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
