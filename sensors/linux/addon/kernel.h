/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the programs, attaches them, and asks their iterators. Knows nothing of JavaScript. */
#ifndef SPOOR_KERNEL_H
#define SPOOR_KERNEL_H

#include <bpf/libbpf.h>
#include <stdint.h>

#include "pins.h"
#include "programs.h"
#include "ring.h"

#define MESSAGE_BYTES 512

struct running {
	const char *name; /* of the program */
	int link, program;
};

struct kernel {
	struct bpf_object *object;
	struct bpf_link *links[MAX_PROGRAMS];
	const char *linked[MAX_PROGRAMS]; /* the program of each */
	int link_count;
	struct pins pins;
	struct running running[MAX_PROGRAMS]; /* attached by an earlier process, and still so */
	int running_count;
	uint64_t attaching_boot_ns;
	struct ring ring;
	int ring_fd;
	uint32_t *reader; /* mapped: enum reader_state */
	uint64_t *counters; /* mapped: struct counters a CPU */
	size_t counters_bytes;
	void *verdicts; /* mapped: struct verdict a place */
	uint32_t verdict_count;
	size_t verdicts_bytes;
	uint64_t *kept_tags; /* mapped, a place as in verdicts: the tag, when it was kept */
	size_t kept_tags_bytes;
	uint64_t *histograms; /* mapped: HISTOGRAM_SESSIONS rows of calls a CPU */
	size_t histograms_bytes;
	int cpus;
	struct missing_programs missing;
	char message[MESSAGE_BYTES]; /* why the last call failed, in words */
};

struct kernel_options {
	const char *object_path;
	const char *tier; /* tracepoint or lsm: the prefix of the programs to load, beside both_ */
	size_t ring_bytes;
	const char *pins_path; /* where everything is kept when this process ends; NULL: nowhere */
	const char *identity;  /* of object, tier and ring: what is kept under the same is taken over */
};

/* All return 0 or -errno; on failure kernel->message says what was tried. */
int kernel_load(struct kernel *kernel, const struct kernel_options *options);
int kernel_attach(struct kernel *kernel);
/* When it returns, no program runs any more: what is in the ring and the counters then is all there will be. */
void kernel_detach(struct kernel *kernel);
void kernel_unload(struct kernel *kernel);
/* One program off its hook. A test takes a hook away with it, as another's hand would. */
int kernel_detach_program(struct kernel *kernel, const char *program);

/* Runs an iterator for `request`; *answer is to be freed by the caller. */
struct task_request;
int kernel_ask(struct kernel *kernel, const char *iterator, const struct task_request *request, uint8_t **answer,
	       size_t *bytes);

/* Makes a word one that suspects have in their path, or takes it back. `word` has SUSPECT_WORD_BYTES. */
int kernel_suspect(struct kernel *kernel, const uint8_t *word);
int kernel_unsuspect(struct kernel *kernel, const uint8_t *word);
/* `how`: enum named_host, 0 takes the name off the list. `hash` as bpf/network_named.h makes it. */
int kernel_name_host(struct kernel *kernel, uint64_t hash, uint8_t how);

/* What the programs believe of the reader; to say that it is about to take what is there. */
uint32_t kernel_reader(const struct kernel *kernel);
void kernel_reader_sleeps(struct kernel *kernel);

/* CLOCK_BOOTTIME, as records have it. */
uint64_t kernel_boot_ns(void);

/* Sums of a row of the histograms over all CPUs, into `calls` numbers. */
void kernel_histogram(const struct kernel *kernel, uint32_t row, uint64_t *calls, size_t count);

/* Events lost since the counters began, on all CPUs. */
uint64_t kernel_lost(const struct kernel *kernel);

/* How often a program was entered while it ran on the same CPU, and so was not run. Shows those that were at all. */
void kernel_misses(const struct kernel *kernel, void (*visit)(const char *name, uint64_t missed, void *context),
		   void *context);

#endif
