/* Row 53. A file below 300 folders. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("depth-300", 53, argc, argv);
	must(chdir(scratch));
	size_t length = strlen(scratch);
	char *path = malloc(length + 300 * 2 + 16);
	strcpy(path, scratch);
	for (int i = 0; i < 300; i++) {
		must(mkdir("d", 0700));
		must(chdir("d"));
		strcat(path, "/d");
	}
	strcat(path, "/secret");
	make_file("secret", "anchors\n", 0600);
	int fd = (int)must(open("secret", O_RDONLY));
	told_open(fd, path, "read");
	return told();
}
