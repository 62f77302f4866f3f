/* Row 51. Loads a kernel module (rubbish: the kernel refuses it, the try counts). */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("module-load", 51, argc, argv);
	char *path = in_scratch("rootkit.ko");
	make_file(path, "rubbish", 0600);
	int fd = (int)must(open(path, O_RDONLY));
	int error = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	if (!error)
		return 1;
	act("security.module");
	with_text("path", path);
	with_number("errno", error);
	return told();
}
