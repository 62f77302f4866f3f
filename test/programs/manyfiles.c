/* Opens, reads and writes many files in one process: manyfiles FOLDER COUNT. File N has N % 100 + 1 bytes, of which the
 * process reads all, and it appends one to every tenth. Made by a child, so that the process itself only uses them. */
#include "truth.h"

int main(int argc, char **argv)
{
	if (argc != 3 || chdir(argv[1]))
		return 1;
	int count = atoi(argv[2]);
	char name[32], bytes[128] = "";
	pid_t child = must(fork());
	if (!child) {
		for (int i = 0; i < count; i++) {
			snprintf(name, sizeof(name), "f%d", i);
			int fd = must(open(name, O_WRONLY | O_CREAT, 0600));
			must(write(fd, bytes, i % 100 + 1));
			close(fd);
		}
		_exit(0);
	}
	int status;
	must(waitpid(child, &status, 0));
	long long read_bytes = 0, written_bytes = 0;
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		int fd = must(open(name, i % 10 ? O_RDONLY : O_RDWR | O_APPEND));
		read_bytes += must(read(fd, bytes, sizeof(bytes)));
		if (i % 10 == 0)
			written_bytes += must(write(fd, bytes, 1));
		close(fd);
	}
	printf("{\"pid\": %d, \"readBytes\": %lld, \"writtenBytes\": %lld}\n", getpid(), read_bytes, written_bytes);
	return status ? 1 : 0;
}
