/* Row 22. The tracer swaps the path of the tracee's open after the call has begun: the tracee asked for another file. */
#include "tell.h"
#include <sys/ptrace.h>
#include <sys/user.h>

static char innocent[4096], hidden[4096];

int main(int argc, char **argv)
{
	tell("ptrace-rewrite", 22, argc, argv);
	strcpy(hidden, make_secret());
	strcpy(innocent, in_scratch("innocent"));
	make_file(innocent, "nothing\n", 0600);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(0);
		raise(SIGSTOP);
		int fd = (int)must(syscall(SYS_openat, AT_FDCWD, innocent, O_RDONLY));
		told_open(fd, hidden, "read");
		_exit(0);
	}
	int status;
	must(waitpid(child, &status, 0));
	if (!WIFSTOPPED(status))
		not_possible("the program is traced itself", 0);
	must(ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)PTRACE_O_TRACESYSGOOD));
	for (;;) {
		must(ptrace(PTRACE_SYSCALL, child, NULL, NULL));
		must(waitpid(child, &status, 0));
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != (SIGTRAP | 0x80))
			return 1;
		struct user_regs_struct registers;
		must(ptrace(PTRACE_GETREGS, child, NULL, &registers));
		if (registers.orig_rax != SYS_openat)
			continue;
		registers.rsi = (uintptr_t)hidden; /* the same address in both: the child is a fork */
		must(ptrace(PTRACE_SETREGS, child, NULL, &registers));
		break;
	}
	must(ptrace(PTRACE_DETACH, child, NULL, NULL));
	join(child);
	return told();
}
