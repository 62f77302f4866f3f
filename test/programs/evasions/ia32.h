/* Calls by int 0x80: the numbers are those of the 32-bit table, and so is every structure in memory. */
#ifndef IA32_H
#define IA32_H

#include "tell.h"

/* Memory below 4 GB, as 32-bit calls take 32-bit pointers. */
static char *low;
static size_t low_used;

/* Without the 32-bit gate, int 0x80 is a protection fault. */
static inline void no_such_gate(int signal)
{
	(void)signal;
	not_possible("int 0x80 faults: the kernel has no 32-bit gate", 0);
}

/* A copy of these bytes that a 32-bit call can point to. */
static inline void *in_low(const void *bytes, size_t length)
{
	if (!low) {
		low = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		if (low == MAP_FAILED)
			not_possible("memory below 4 GB", errno);
		struct sigaction refused = { .sa_handler = no_such_gate };
		must(sigaction(SIGSEGV, &refused, NULL));
	}
	void *copy = memcpy(low + low_used, bytes, length);
	low_used += (length + 15) & ~15ul;
	return copy;
}

static inline char *text_in_low(const char *text)
{
	return in_low(text, strlen(text) + 1);
}

/* The result of a 32-bit call, or a negative errno. */
static inline int int80(int number, uintptr_t first, uintptr_t second, uintptr_t third)
{
	long result = number;
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(first), "c"(second), "d"(third)
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)result;
}

static inline int must_int80(int number, uintptr_t first, uintptr_t second, uintptr_t third)
{
	int result = int80(number, first, second, third);
	if (result < 0)
		not_possible("int 0x80", -result);
	return result;
}

#endif
