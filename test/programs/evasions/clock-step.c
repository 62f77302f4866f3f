/* Row 52. Sets the wall clock back by a day and forward again; the order of events must not follow. */
#include "tell.h"
#include <time.h>

int main(int argc, char **argv)
{
	tell("clock-step", 52, argc, argv);
	if (!getenv("SPOOR_GUEST"))
		not_possible("only a guest of its own may set its clock", 0);
	char *first = in_scratch("first"), *second = in_scratch("second");
	make_file(first, "1", 0600);
	make_file(second, "2", 0600);
	struct timespec now, before, after;
	must(clock_gettime(CLOCK_REALTIME, &now));
	must(clock_gettime(CLOCK_BOOTTIME, &before));
	told_open((int)must(open(first, O_RDONLY)), first, "read");
	now.tv_sec -= 86400;
	must(clock_settime(CLOCK_REALTIME, &now));
	told_open((int)must(open(second, O_RDONLY)), second, "read");
	must(clock_gettime(CLOCK_BOOTTIME, &after));
	with_number("not_before_ns", before.tv_sec * 1000000000LL + before.tv_nsec);
	with_number("not_after_ns", after.tv_sec * 1000000000LL + after.tv_nsec);
	now.tv_sec += 86400;
	must(clock_settime(CLOCK_REALTIME, &now));
	return told();
}
