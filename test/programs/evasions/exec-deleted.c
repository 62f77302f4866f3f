/* Row 24. Runs a program whose file is deleted already. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-deleted", 24, argc, argv);
	char *path = make_program(program("/usr/bin/true"), "gone");
	int fd = (int)must(open(path, O_RDONLY | O_CLOEXEC));
	struct stat is;
	must(fstat(fd, &is));
	must(unlink(path));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		char *args[] = { "true", NULL };
		syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH);
		_exit(127);
	}
	join(child);
	act_of(child, "process.exec");
	with_text("path", path);
	with_number("inode", (long long)is.st_ino);
	with_number("args_count", 1);
	with_number("deleted", 1);
	with_number("errno", 0);
	return told();
}
