/* Row 23. Runs a program that was never on a disk: memfd_create and execveat. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-memfd", 23, argc, argv);
	const char *from = program("/usr/bin/true");
	int in = (int)must(open(from, O_RDONLY));
	int memory = memfd_create("kworker", MFD_CLOEXEC);
	if (memory < 0)
		not_possible("memfd_create", errno);
	act("security.memfd");
	with_text("path", "kworker");
	with_number("errno", 0);
	struct stat is;
	must(fstat(in, &is));
	for (off_t left = is.st_size; left > 0;) {
		char bytes[65536];
		ssize_t got = must(read(in, bytes, sizeof(bytes)));
		must(write(memory, bytes, (size_t)got));
		left -= got;
	}
	must(fstat(memory, &is));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		char *args[] = { "[kworker/0:0]", NULL };
		syscall(SYS_execveat, memory, "", args, environ, AT_EMPTY_PATH);
		_exit(127);
	}
	join(child);
	act_of(child, "process.exec");
	with_text("path", "/memfd:kworker");
	with_number("inode", (long long)is.st_ino);
	with_text("arg0", "[kworker/0:0]");
	with_number("args_count", 1);
	with_number("deleted", 1);
	with_number("in_memory", 1);
	with_number("errno", 0);
	return told();
}
