/* Row 50. Asks for page faults of its own (userfaultfd): the way to hold a kernel copy at a chosen moment. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("userfault", 50, argc, argv);
	int error = syscall(SYS_userfaultfd, O_CLOEXEC) < 0 ? errno : 0;
	if (error)
		not_possible("userfaultfd", error);
	act("syscall");
	with_text("call", "userfaultfd");
	with_number("errno", 0);
	return told();
}
