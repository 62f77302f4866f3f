/* Row 50. Signals a process outside its session through a pidfd: no kill. */
#include "tell.h"
#include <sys/pidfd.h>

int main(int argc, char **argv)
{
	tell("signal-pidfd", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	int pidfd = (int)must(pidfd_open(outside, 0));
	int error = pidfd_send_signal(pidfd, SIGCONT, NULL, 0) ? errno : 0;
	act("security.signal");
	with_number("target", outside);
	with_text("request", "SIGCONT");
	with_number("errno", error);
	return told();
}
