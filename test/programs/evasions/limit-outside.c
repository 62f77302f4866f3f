/* Row 50. Sets a limit, the priority and the processors of a process outside its session, to what they are. */
#include "tell.h"
#include <sys/resource.h>

static void told_resources(const char *call, const char *request, long result)
{
	int error = result ? errno : 0;
	act("security.resources");
	with_text("call", call);
	if (request)
		with_text("request", request);
	with_number("target", outside);
	with_number("errno", error);
}

int main(int argc, char **argv)
{
	tell("limit-outside", 50, argc, argv);
	if (!outside)
		not_possible("no process outside the session was given", 0);
	struct rlimit is;
	cpu_set_t are;
	must(prlimit(outside, RLIMIT_NOFILE, NULL, &is));
	must(sched_getaffinity(outside, sizeof(are), &are));
	int nice = getpriority(PRIO_PROCESS, (id_t)outside);
	told_resources("prlimit64", "RLIMIT_NOFILE", prlimit(outside, RLIMIT_NOFILE, &is, NULL));
	told_resources("setpriority", NULL, setpriority(PRIO_PROCESS, (id_t)outside, nice));
	told_resources("sched_setaffinity", NULL, sched_setaffinity(outside, sizeof(are), &are));
	return told();
}
