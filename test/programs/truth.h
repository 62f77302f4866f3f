/* What the programs here share: each makes one thing happen and prints as JSON, in one line, what it did. */
#ifndef TRUTH_H
#define TRUTH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call of the preparation: without it there is nothing to tell. */
#define must(call) must_((long)(call), #call)
static inline long must_(long result, const char *call)
{
	if (result == -1) {
		fprintf(stderr, "%s: %s\n", call, strerror(errno));
		_exit(1);
	}
	return result;
}

/* Bytes as a JSON string of one character each (Latin-1), so that a name that is no UTF-8 can be told. */
static inline void print_bytes(const char *bytes, size_t length)
{
	putchar('"');
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = bytes[i];
		if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
			printf("\\u%04x", byte);
		else
			putchar(byte);
	}
	putchar('"');
}

static inline void print_text(const char *text)
{
	print_bytes(text, strlen(text));
}

#endif
