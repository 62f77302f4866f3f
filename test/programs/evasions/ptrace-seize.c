/* Row 22. Attaches to another process without stopping it. */
#include "tell.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	tell("ptrace-seize", 22, argc, argv);
	struct gate done = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		wait_at(&done);
		_exit(0);
	}
	int error = ptrace(PTRACE_SEIZE, child, NULL, NULL) ? errno : 0;
	act("security.ptrace");
	with_text("request", "PTRACE_SEIZE");
	with_number("target", child);
	with_number("errno", error);
	open_gate(&done);
	join(child);
	return told();
}
