/* Row 50. Signals a thread outside its session by rt_tgsigqueueinfo, with a sender's number of its own choice. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("signal-queue", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	/* The kernel lets a sender lie about itself only with a code below SI_USER that is not SI_TKILL. */
	siginfo_t claim = { .si_signo = SIGCONT, .si_code = SI_QUEUE };
	claim.si_pid = 1;
	int error = syscall(SYS_rt_tgsigqueueinfo, outside, outside, SIGCONT, &claim) ? errno : 0;
	act("security.signal");
	with_number("target", outside);
	with_text("request", "SIGCONT");
	with_number("errno", error);
	return told();
}
