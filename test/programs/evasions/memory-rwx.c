/* Row 30. Maps memory that can be written and run. */
#include "tell.h"

int main(int argc, char **argv)
{
	tell("memory-rwx", 30, argc, argv);
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		not_possible("PROT_WRITE | PROT_EXEC", errno);
	act("security.memory");
	with_text("request", "read,write,execute");
	return told();
}
