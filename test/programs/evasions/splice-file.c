/* Row 2. Copies file to file through a pipe by splice: the bytes never enter the process. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("splice-file", 2, argc, argv);
	char *from = make_secret();
	char *to = in_scratch("copy");
	make_file(to, "", 0600);
	int in = (int)must(open(from, O_RDONLY));
	int out = (int)must(open(to, O_WRONLY));
	int pipe[2];
	must(pipe2(pipe, 0));
	if (must(splice(in, NULL, pipe[1], NULL, SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	if (must(splice(pipe[0], NULL, out, NULL, SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	told_open(in, from, "read");
	told_open(out, to, "write");
	told_bytes(from, SECRET_BYTES, 0);
	told_bytes(to, 0, SECRET_BYTES);
	return told();
}
