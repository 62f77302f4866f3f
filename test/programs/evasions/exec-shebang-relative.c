/* Row 26. Runs a script by a path relative to its working directory: both the script and the interpreter matter. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("exec-shebang-relative", 26, argc, argv);
	char *path = in_scratch("script");
	make_file(path, "#!/bin/sh\nexit 0\n", 0755);
	must(chdir(scratch));
	pid_t child = (pid_t)must(fork());
	if (!child) {
		execl("./script", "script", NULL);
		_exit(127);
	}
	join(child);
	told_exec(child, program("/bin/sh"), "./script", 2, 0);
	with_text("script", path);
	return told();
}
