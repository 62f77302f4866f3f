/* Row 50. Traces a process outside its session. */
#include "tell.h"
#include <sys/ptrace.h>

int main(int argc, char **argv)
{
	tell("trace-outside", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	int error = ptrace(PTRACE_SEIZE, outside, NULL, NULL) ? errno : 0;
	act("security.ptrace");
	with_text("request", "PTRACE_SEIZE");
	with_number("target", outside);
	with_number("errno", error);
	return told();
}
