/* Row 2. Writes a file from memory by vmsplice and splice: no write. */
#include "tell.h"
#include <sys/uio.h>

int main(int argc, char **argv)
{
	tell("vmsplice-file", 2, argc, argv);
	char *path = in_scratch("loot");
	make_file(path, "", 0600);
	int fd = (int)must(open(path, O_WRONLY));
	int pipe[2];
	must(pipe2(pipe, 0));
	char bytes[] = "anchors\n";
	struct iovec vector = { bytes, SECRET_BYTES };
	if (must(vmsplice(pipe[1], &vector, 1, 0)) != SECRET_BYTES)
		return 1;
	if (must(splice(pipe[0], NULL, fd, NULL, SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	told_open(fd, path, "write");
	told_bytes(path, 0, SECRET_BYTES);
	return told();
}
