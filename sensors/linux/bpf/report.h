/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* How a record is built and handed over: reserve(), fill, submit(). What could not be handed over is counted.
 *
 * A ring that fills keeps room for what matters more: each class of records may fill it to its own mark only
 * (enum shed_class in records.h). What is past its mark is built like any other and then counted instead of told, so
 * that what was told and what was counted add up to what happened; only then is known that it is an event at all.
 */
#ifndef SPOOR_REPORT_H
#define SPOOR_REPORT_H

#include "session.h"

/* Room to build one record. 64 KiB hold the largest (an exec: 32 KiB of arguments, three paths). */
#define SCRATCH_BYTES 65536
/* Records being built on one CPU at once: a softirq or (under a trampoline) a preempting task may build one while
 * another is unfinished. Past it the record is lost, and counted. 192 KiB a CPU. */
#define SCRATCH_LEVELS 3
struct scratch {
	u32 busy;
	u32 used;
	u32 events; /* that the record is counted as; one, unless its builder says otherwise */
	u32 class;  /* enum shed_class; its kind's, unless its builder says otherwise */
	u32 hook;   /* enum hook: where it is counted */
	u32 spare;
	/* The rest is never used: an offset masked to 16 bits plus a string of PATH_MAX stays inside, which stock
	 * kernels' verifiers can follow where they lose a comparison with the limit. */
	u8 bytes[SCRATCH_BYTES + 4096];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCH_LEVELS); /* times the CPUs: set at load */
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

const volatile struct settings settings SEC(".rodata.settings") = {};

/* enum reader_state. The reader writes it too, through a mapping. */
u32 reader SEC(".data.reader") = READER_SLEEPS;

/* A free scratch of this CPU, taken by an atomic exchange: with preemption the users of one CPU do not end in the
 * order they began, so a nesting depth would hand the same room out twice. */
static __always_inline struct scratch *claim_scratch(void)
{
	u32 first = bpf_get_smp_processor_id() * SCRATCH_LEVELS;
	for (int level = 0; level < SCRATCH_LEVELS; level++) {
		u32 index = first + level;
		struct scratch *scratch = bpf_map_lookup_elem(&scratches, &index);
		if (scratch && !__sync_lock_test_and_set(&scratch->busy, 1))
			return scratch;
	}
	return NULL;
}

static __always_inline void release(struct scratch *scratch)
{
	__sync_lock_test_and_set(&scratch->busy, 0);
}

static __always_inline u32 class_of(u32 kind)
{
	switch (kind) {
	case KIND_FILE_USES:
		return SHED_FIRST;
	case KIND_FILE_OPEN:
	case KIND_FILE_CHANGE:
	case KIND_URING_OPEN:
	case KIND_URING_CHANGE:
	case KIND_URING_RESULT:
	case KIND_FILE_RECEIVED:
		return SHED_FILES;
	case KIND_PROCESS_EXEC_FAILED:
	case KIND_NETWORK_SOCKET:
	case KIND_NETWORK_CLOSE:
	case KIND_NETWORK_PAYLOAD:
		return SHED_OTHERS;
	default:
		return SHED_NEVER;
	}
}

/* Fills in the head of a record about `task`'s process. */
static __always_inline void begin_record(struct scratch *scratch, u32 hook, u32 kind, u32 fixed_bytes,
					 struct task_struct *task, u32 session)
{
	struct record *record = (void *)scratch->bytes;
	record->kind = kind;
	record->boot_ns = bpf_ktime_get_boot_ns();
	record->start_ns = peek(peek(task, group_leader), start_boottime);
	record->pid = task->tgid;
	record->thread_id = task->pid;
	record->session = session;
	record->cpu = bpf_get_smp_processor_id();
	scratch->used = fixed_bytes;
	scratch->events = 1;
	scratch->class = class_of(kind);
	scratch->hook = hook;
}

/* Room for a record about `task`'s process, its head filled in; NULL when there is none, the loss then counted.
 * Whoever gets one ends it by submit() or release(). */
static __always_inline struct scratch *reserve(u32 hook, u32 kind, u32 fixed_bytes, struct task_struct *task,
					       u32 session)
{
	struct scratch *scratch = claim_scratch();
	if (!scratch) {
		count_lost(hook, kind);
		return NULL;
	}
	begin_record(scratch, hook, kind, fixed_bytes, task, session);
	return scratch;
}

static __always_inline bool is_past_mark(u64 filled, u32 class)
{
	return class < SHED_NEVER && filled >= settings.shed_at_bytes[class & (SHED_NEVER - 1)];
}

/* Whether a record of this kind would be shed now: for sums that lose nothing by being told later. */
static __always_inline bool would_shed(u32 kind)
{
	return is_past_mark(bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA), class_of(kind));
}

/* The reader is woken once, not for each record (that made one cost 1.6 us instead of 0.6 at full rate): when it
 * sleeps, then it gathers for a moment; and when the ring fills meanwhile, or a record cannot wait. */
static __always_inline u64 wake_for(u32 wanted)
{
	if (reader >= wanted)
		return BPF_RB_NO_WAKEUP;
	reader = wanted;
	return BPF_RB_FORCE_WAKEUP;
}

/* A reader that went to sleep after it was looked at, and before the record was there, is woken by an empty one. */
static __always_inline void wake_sleeper(void)
{
	void *nothing = reader == READER_SLEEPS ? bpf_ringbuf_reserve(&ring, sizeof(u64), 0) : NULL;
	if (!nothing)
		return;
	reader = READER_GATHERS;
	bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
}

/* `wanted`: READER_HURRIES for a record that somebody waits for. */
static __noinline void hand_over(struct scratch *scratch, u32 wanted)
{
	struct record *record = (void *)scratch->bytes;
	u32 kind = record->kind;
	u32 hook = scratch->hook;
	u32 used = scratch->used;
	u32 events = scratch->events;
	u64 filled = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
	if (is_past_mark(filled, scratch->class)) {
		release(scratch);
		count_shed(hook, kind, events);
		return;
	}
	if (used >= SCRATCH_BYTES)
		used = SCRATCH_BYTES - 1;
	record->bytes = used;
	u64 wake = wake_for(filled >= settings.wake_bytes ? READER_HURRIES : wanted);
	long failed = bpf_ringbuf_output(&ring, scratch->bytes, bounded(used, SCRATCH_BYTES - 1), wake);
	release(scratch);
	if (failed) {
		if (wake == BPF_RB_FORCE_WAKEUP)
			reader = READER_SLEEPS; /* nobody was woken: the next record must */
		count_ring_full(hook, kind, events);
		return;
	}
	count_seen(hook, kind, events);
	if (wake == BPF_RB_NO_WAKEUP)
		wake_sleeper();
}

static __always_inline void submit(struct scratch *scratch)
{
	hand_over(scratch, READER_GATHERS);
}

#endif
