/* Row 41. Opens by int 0x80: the number is of another table (5 is open there, fstat here). */
#include "tell.h"

/* Without the 32-bit gate, int 0x80 is a protection fault. */
static void no_such_gate(int signal)
{
	(void)signal;
	not_possible("int 0x80 faults: the kernel has no 32-bit gate", 0);
}

int main(int argc, char **argv)
{
	tell("ia32-open", 41, argc, argv);
	char *path = make_secret();
	/* 32-bit calls take 32-bit pointers. */
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		return 1;
	strcpy(low, path);
	long fd = 5;
	struct sigaction refused = { .sa_handler = no_such_gate };
	must(sigaction(SIGSEGV, &refused, NULL));
	__asm__ volatile("int $0x80" : "+a"(fd) : "b"(low), "c"(O_RDONLY), "d"(0) : "r8", "r9", "r10", "r11", "memory");
	if ((int)fd < 0)
		not_possible("int 0x80", -(int)fd);
	told_open((int)fd, path, "read");
	return told();
}
