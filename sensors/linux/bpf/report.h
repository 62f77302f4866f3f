/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* How a record is built and handed over: reserve(), fill, submit(). What could not be handed over is counted. */
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

/* Room for a record about `process`, its head filled in; NULL when there is none, the loss then counted.
 * Whoever gets one ends it by submit() or release(). */
static __always_inline struct scratch *reserve(u32 kind, u32 fixed_bytes, struct task_struct *task, u32 session)
{
	struct scratch *scratch = claim_scratch();
	if (!scratch) {
		count_lost(kind);
		return NULL;
	}
	struct record *record = (void *)scratch->bytes;
	record->kind = kind;
	record->boot_ns = bpf_ktime_get_boot_ns();
	record->start_ns = peek(peek(task, group_leader), start_boottime);
	record->pid = task->tgid;
	record->thread_id = task->pid;
	record->session = session;
	record->cpu = bpf_get_smp_processor_id();
	scratch->used = fixed_bytes;
	return scratch;
}

/* Below that filling the reader's timer is soon enough: waking it for each record made a record cost 1.6 us
 * instead of 0.6 at full rate. */
static __always_inline u64 wake_if_full(void)
{
	return bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) >= settings.wake_bytes ? BPF_RB_FORCE_WAKEUP :
										    BPF_RB_NO_WAKEUP;
}

static __always_inline void hand_over(struct scratch *scratch, u64 wake)
{
	struct record *record = (void *)scratch->bytes;
	u32 kind = record->kind;
	u32 used = scratch->used;
	if (used > SCRATCH_BYTES)
		used = SCRATCH_BYTES;
	record->bytes = used;
	long failed = bpf_ringbuf_output(&ring, scratch->bytes, used, wake);
	release(scratch);
	if (failed)
		count_lost(kind);
	else
		count_seen(kind);
}

static __always_inline void submit(struct scratch *scratch)
{
	hand_over(scratch, wake_if_full());
}

#endif
