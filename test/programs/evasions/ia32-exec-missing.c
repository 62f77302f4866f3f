/* Row 41. A program that is not there, by int 0x80: 11 is execve there, munmap here, and its arguments are a list of
 * pointers of four bytes. */
#include "ia32.h"

int main(int argc, char **argv)
{
	tell("ia32-exec-missing", 41, argc, argv);
	char *path = in_scratch("missing");
	uint32_t list[] = { (uint32_t)(uintptr_t)text_in_low("missing"), (uint32_t)(uintptr_t)text_in_low("argument"), 0 };
	int result = int80(11, (uintptr_t)text_in_low(path), (uintptr_t)in_low(list, sizeof(list)), 0);
	act("process.exec");
	with_text("called_path", path);
	with_text("arg0", "missing");
	with_text("arg_last", "argument");
	with_number("args_count", 2);
	with_number("errno", -result);
	return told();
}
