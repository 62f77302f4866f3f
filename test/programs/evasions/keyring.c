/* Row 50. Puts a key into the kernel's keyring: storage that is no file. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("keyring", 50, argc, argv);
	long key = syscall(SYS_add_key, "user", "spoor-test", "anchors", 7, -2 /* KEY_SPEC_PROCESS_KEYRING */);
	if (key < 0)
		not_possible("add_key", errno);
	act("syscall");
	with_text("call", "add_key");
	with_number("errno", 0);
	return told();
}
