/* SPDX-License-Identifier: Apache-2.0 */
/* Which programs of the object are loaded on this kernel, and which it cannot do without. */
#ifndef SPOOR_PROGRAMS_H
#define SPOOR_PROGRAMS_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>

/* Programs of one object. Each costs a link and a descriptor. */
#define MAX_PROGRAMS 128

#define PROGRAM_NAME_BYTES 64
#define PROGRAM_HOOK_BYTES 96

/* Why a program does not run here. */
struct missing_program {
	char name[PROGRAM_NAME_BYTES];
	char hook[PROGRAM_HOOK_BYTES]; /* where it belongs: the section it is in */
	int error; /* 0: the kernel has no such place; else the errno with which it refused */
};

struct missing_programs {
	struct missing_program list[MAX_PROGRAMS];
	int count;
};

/* Past MAX_PROGRAMS nothing more is noted; there are no more programs than that. */
void programs_miss(struct missing_programs *missing, const struct bpf_program *program, int error);
bool programs_is_missing(const struct missing_programs *missing, const char *name);

/* Marks those of the tier (the prefix of their names) and of both tiers to be loaded, but for those that are missing
 * already, and notes those that the kernel has no place for. */
void programs_choose(struct bpf_object *object, const char *tier, const struct btf *kernel_types,
		     struct missing_programs *missing);

bool programs_will_load(const struct bpf_object *object, const char *name);

/* Without these nothing that is told could be put to a process or a session. */
bool programs_is_needed(const char *name);

#endif
