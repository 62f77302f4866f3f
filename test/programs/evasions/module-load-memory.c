/* Row 51. Loads a kernel module from memory: no file is named (rubbish again). */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("module-load-memory", 51, argc, argv);
	char rubbish[] = "rubbish";
	int error = syscall(SYS_init_module, rubbish, sizeof(rubbish), "") ? errno : 0;
	if (!error)
		return 1;
	act("security.module");
	with_number("errno", error);
	return told();
}
