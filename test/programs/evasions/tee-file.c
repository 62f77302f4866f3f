/* Row 2. Copies file to file by splice, tee and splice: the copy comes from the pipe's double. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("tee-file", 2, argc, argv);
	char *from = make_secret();
	char *to = in_scratch("copy");
	make_file(to, "", 0600);
	int in = (int)must(open(from, O_RDONLY));
	int out = (int)must(open(to, O_WRONLY));
	int first[2], second[2];
	must(pipe2(first, 0));
	must(pipe2(second, 0));
	if (must(splice(in, NULL, first[1], NULL, SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	if (must(tee(first[0], second[1], SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	if (must(splice(second[0], NULL, out, NULL, SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	told_open(in, from, "read");
	told_open(out, to, "write");
	told_bytes(from, SECRET_BYTES, 0);
	told_bytes(to, 0, SECRET_BYTES);
	return told();
}
