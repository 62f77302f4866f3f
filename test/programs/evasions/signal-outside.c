/* Row 50. Stops and continues a process outside its session. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("signal-outside", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	for (int i = 0; i < 2; i++) {
		int number = i ? SIGCONT : SIGSTOP;
		int error = kill(outside, number) ? errno : 0;
		act("security.signal");
		with_number("target", outside);
		with_text("request", i ? "SIGCONT" : "SIGSTOP");
		with_number("errno", error);
	}
	return told();
}
