/* Row 53. A path of more than 3,000 bytes. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("path-3000", 53, argc, argv);
	must(chdir(scratch));
	char name[250], *path = malloc(8192);
	memset(name, 0x61, sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	strcpy(path, scratch);
	for (int i = 0; i < 13; i++) {
		must(mkdir(name, 0700));
		must(chdir(name));
		strcat(strcat(path, "/"), name);
	}
	strcat(path, "/secret");
	make_file(path, "anchors\n", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
