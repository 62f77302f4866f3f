/* Row 16. Opens the file under a number that was another's: dup2 and close change what the number means. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("dup-over", 16, argc, argv);
	char *path = make_secret(), *other = in_scratch("other");
	make_file(other, "nothing\n", 0600);
	int innocent = (int)must(open(other, O_RDONLY)), fd = (int)must(open(path, O_RDONLY));
	must(dup2(fd, innocent));
	close(fd);
	char bytes[SECRET_BYTES];
	must(read(innocent, bytes, sizeof(bytes)));
	told_open(innocent, path, "read");
	told_bytes(path, SECRET_BYTES, 0);
	told_bytes(other, 0, 0);
	return told();
}
