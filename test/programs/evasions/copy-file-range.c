/* Row 2. Copies file to file by copy_file_range. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("copy-file-range", 2, argc, argv);
	char *from = make_secret();
	char *to = in_scratch("copy");
	make_file(to, "", 0600);
	int in = (int)must(open(from, O_RDONLY));
	int out = (int)must(open(to, O_WRONLY));
	if (must(copy_file_range(in, NULL, out, NULL, SECRET_BYTES, 0)) != SECRET_BYTES)
		return 1;
	told_open(in, from, "read");
	told_open(out, to, "write");
	told_bytes(from, SECRET_BYTES, 0);
	told_bytes(to, 0, SECRET_BYTES);
	return told();
}
