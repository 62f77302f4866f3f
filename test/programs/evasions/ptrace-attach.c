/* Row 22. Attaches to another process. */
#include "tell.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	tell("ptrace-attach", 22, argc, argv);
	struct gate done = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		wait_at(&done);
		_exit(0);
	}
	int error = ptrace(PTRACE_ATTACH, child, NULL, NULL) ? errno : 0;
	act("security.ptrace");
	with_text("request", "PTRACE_ATTACH");
	with_number("target", child);
	with_number("errno", error);
	if (!error) {
		must(waitpid(child, NULL, 0));
		must(ptrace(PTRACE_DETACH, child, NULL, NULL));
	}
	open_gate(&done);
	join(child);
	return told();
}
