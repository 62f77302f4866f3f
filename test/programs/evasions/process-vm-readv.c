/* Row 20. Reads another process's memory. */
#include "tell.h"
#include <sys/uio.h>

static char shared_secret[] = "anchors";

int main(int argc, char **argv)
{
	tell("process-vm-readv", 20, argc, argv);
	struct gate done = make_gate();
	pid_t child = (pid_t)must(fork());
	if (!child) {
		wait_at(&done);
		_exit(0);
	}
	char bytes[sizeof(shared_secret)];
	struct iovec mine = { bytes, sizeof(bytes) }, theirs = { shared_secret, sizeof(bytes) };
	int error = process_vm_readv(child, &mine, 1, &theirs, 1, 0) == sizeof(bytes) ? 0 : errno;
	act("security.process_memory");
	with_text("call", "process_vm_readv");
	with_number("target", child);
	with_number("errno", error);
	open_gate(&done);
	join(child);
	return told();
}
