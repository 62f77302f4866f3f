/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Programs that may be an AI agent get a tag of their own as they are exec-ed, before anybody has judged them.
 *
 * Whether a program is an agent only user space can say (it reads package files), and by the time it has, the program
 * may have forked. So a program whose path holds a word of the catalogue, be it only "node", is tagged here, within
 * its exec; what it forks inherits the tag, what it opens is reported under it. User space then writes its verdict
 * beside the tag: it stays, it becomes another session's, or it is nobody's. Each task finds that out by itself when
 * it next asks for its session, so a verdict costs one store, however many descendants there are.
 */
#ifndef SPOOR_SUSPECTS_H
#define SPOOR_SUSPECTS_H

#include "counters.h"

/* Words of the catalogue, 40 B each. Past it a word is refused to user space, which then tags by pid. */
#define MAX_SUSPECT_WORDS 4096
/* Names of one path that are looked up, from the leaf; each costs some 0.1 us of an exec. */
#define MAX_SUSPECT_NAMES 16
/* Tags under doubt or kept, 8 B each. When all are taken a suspect keeps the tag it has, and user space tags by pid. */
#define MAX_VERDICTS 16384
/* A place that is taken is skipped, at most so many in a row. */
#define MAX_TAKEN 8

struct suspect_word {
	char text[SUSPECT_WORD_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SUSPECT_WORDS);
	__type(key, struct suspect_word);
	__type(value, u8);
} suspects SEC(".maps");

/* Written by user space too, through a mapping: one aligned u32 at a time. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_VERDICTS);
	__type(key, u32);
	__type(value, struct verdict);
} verdicts SEC(".maps");

/* In the place of its verdict a suspect's tag, once user space has said that it keeps it. As u64, since the kernel rounds
 * a value up to 8 bytes, and user space writes through a mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_VERDICTS);
	__type(key, u32);
	__type(value, u64);
} kept_tags SEC(".maps");

/* 1 when there are words at all: without a service that judges, an exec asks nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} suspecting SEC(".maps");

u32 last_suspect = 0;

/* What has become of a tag: itself while in doubt or kept, another one, or 0. */
static __always_inline u32 tag_becomes(u32 tag)
{
	u32 place = tag % MAX_VERDICTS;
	struct verdict *verdict = bpf_map_lookup_elem(&verdicts, &place);
	return verdict && verdict->tag == tag ? verdict->becomes : 0;
}

/* A session's tag, and no suspect's that nobody has judged. */
static __always_inline bool is_certain_tag(u32 tag)
{
	u32 place = tag % MAX_VERDICTS;
	if (tag < FIRST_SUSPECT_TAG)
		return tag;
	u64 *kept = bpf_map_lookup_elem(&kept_tags, &place);
	return kept && *kept == tag;
}

/* A tag that nobody has; 0 when there is no room. */
static __always_inline u32 new_suspect_tag(void)
{
	for (int try = 0; try < MAX_TAKEN; try++) {
		u32 tag = FIRST_SUSPECT_TAG | __sync_fetch_and_add(&last_suspect, 1);
		u32 place = tag % MAX_VERDICTS;
		struct verdict *verdict = bpf_map_lookup_elem(&verdicts, &place);
		if (!verdict || verdict->becomes)
			continue;
		verdict->tag = tag;
		verdict->becomes = tag;
		return tag;
	}
	return 0;
}

static __always_inline bool is_suspect_word(const struct suspect_word *word)
{
	return bpf_map_lookup_elem(&suspects, word) != NULL;
}

struct suspicion {
	struct dentry *dentry;
	bool found;
};

static long suspect_step(u32 step, struct suspicion *suspicion)
{
	struct dentry *dentry = suspicion->dentry;
	struct dentry *parent = peek(dentry, d_parent);
	struct suspect_word word = {};
	u32 bytes = peek(dentry, d_name.len);
	if (dentry == parent)
		return 1;
	suspicion->dentry = parent;
	if (bytes > SUSPECT_WORD_BYTES - 1)
		bytes = SUSPECT_WORD_BYTES - 1;
	if (bpf_probe_read_kernel(word.text, bytes, peek(dentry, d_name.name)))
		return 0;
	suspicion->found = is_suspect_word(&word);
	return suspicion->found;
}

/* Asked within the exec: the executable's path holds a word, up to the root of its file system, or the last name of
 * the path as called does, which is the task's new comm (begin_new_exec(), cut to 15 bytes as such words are). */
static __always_inline bool is_suspect(struct task_struct *task, struct linux_binprm *program)
{
	u32 zero = 0;
	u32 *wanted = bpf_map_lookup_elem(&suspecting, &zero);
	if (!wanted || !*wanted)
		return false;
	struct suspect_word called = {};
	bpf_probe_read_kernel(called.text, sizeof(task->comm), task->comm);
	if (is_suspect_word(&called))
		return true;
	struct suspicion suspicion = { .dentry = peek(peek(program, file), f_path.dentry) };
	bpf_loop(MAX_SUSPECT_NAMES, suspect_step, &suspicion, 0);
	return suspicion.found;
}

#endif
