/* Row 22. Lets its parent trace it: the parent asks for nothing. */
#include "tell.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	tell("ptrace-traceme", 22, argc, argv);
	pid_t child = (pid_t)must(fork());
	if (!child) {
		int error = ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? errno : 0;
		act("security.ptrace");
		with_text("request", "PTRACE_TRACEME");
		with_number("errno", error);
		_exit(0);
	}
	join(child);
	return told();
}
