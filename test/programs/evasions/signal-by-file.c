/* Row 50. Signals a process outside its session by way of a pipe: the kernel sends it when somebody writes (F_SETSIG). */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("signal-by-file", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	int ends[2];
	must(pipe(ends));
	must(fcntl(ends[0], F_SETOWN, outside));
	must(fcntl(ends[0], F_SETSIG, SIGCONT));
	must(fcntl(ends[0], F_SETFL, O_ASYNC));
	must(write(ends[1], "", 1));
	act("security.signal");
	with_number("target", outside);
	with_text("request", "SIGCONT");
	with_number("errno", 0);
	return told();
}
