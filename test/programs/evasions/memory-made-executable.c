/* Row 30. Writes code and makes it runnable afterwards: mprotect. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("memory-made-executable", 30, argc, argv);
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 1;
	memset(memory, 0xc3, 1);
	if (mprotect(memory, 4096, PROT_READ | PROT_EXEC))
		not_possible("PROT_EXEC", errno);
	((void (*)(void))memory)();
	act("security.memory");
	with_text("request", "read,execute");
	return told();
}
