/* Row 53. A path of 9,000 bytes, longer than any argument the kernel takes (PATH_MAX). */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("path-9000", 53, argc, argv);
	must(chdir(scratch));
	char name[250], *path = malloc(16384);
	memset(name, 0x61, sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	strcpy(path, scratch);
	for (int i = 0; i < 36; i++) {
		must(mkdir(name, 0700));
		must(chdir(name));
		strcat(strcat(path, "/"), name);
	}
	make_file("secret", "anchors\n", 0600);
	int fd = (int)must(open("secret", O_RDONLY));
	told_open(fd, strcat(path, "/secret"), "read");
	return told();
}
