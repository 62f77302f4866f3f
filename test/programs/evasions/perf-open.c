/* Row 50. Opens a performance counter: the way to watch another process. */
#include "tell.h"
#include <linux/perf_event.h>

int main(int argc, char **argv)
{
	tell("perf-open", 50, argc, argv);
	struct perf_event_attr attributes = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attributes),
					      .config = PERF_COUNT_SW_CPU_CLOCK };
	int error = syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0) < 0 ? errno : 0;
	if (error)
		not_possible("perf_event_open", error);
	act("syscall");
	with_text("call", "perf_event_open");
	with_number("errno", 0);
	return told();
}
