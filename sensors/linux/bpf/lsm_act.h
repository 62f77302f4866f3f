/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a task of a session is doing, from the first hook that sees its act to the end of the call it belongs to.
 *
 * Hooks at an act's beginning know its files, and not whether it will succeed; the end of the call knows that, and the
 * names only as the caller's memory now has them. So the record is written at the beginning, held, and told at the
 * end. A hook that told, or holds, says so: the end of the call then does not tell the same act again, and tells by
 * itself what no hook saw.
 */
#ifndef SPOOR_LSM_ACT_H
#define SPOOR_LSM_ACT_H

#include "report.h"

/* Acts that have begun and not ended, of all sessions at once: 68 KiB each. Past it an act is told as the other tier
 * would: by the caller's texts. */
#define HELD_RECORDS 32
#define HELD_PROBES 8

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, HELD_RECORDS);
	__type(key, u32);
	__type(value, struct scratch);
} held_records SEC(".maps");

struct task_act {
	u32 opcode; /* of the io_uring request that this task carries out, plus 1; 0: none, a system call */
	u32 told;
	u32 held; /* number of the held record, plus 1; 0: none */
	u32 claimed; /* it holds what is asked for; the first hook that knows the objects writes it anew */
	u64 mount; /* that the call has asked to write to, last */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_act);
} acts_under_way SEC(".maps");

/* NULL when no hook saw anything of this task yet. */
static __always_inline struct task_act *known_act(struct task_struct *task)
{
	return bpf_task_storage_get(&acts_under_way, task, NULL, 0);
}

static __always_inline struct task_act *act_of(struct task_struct *task)
{
	return bpf_task_storage_get(&acts_under_way, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline struct scratch *held_by(const struct task_act *act)
{
	u32 index = act->held - 1;
	return act->held ? bpf_map_lookup_elem(&held_records, &index) : NULL;
}

/* Room for a record that outlives this program; NULL when there is none, or the act is held already: only what a call
 * does first is its act, the rest is how file systems carry it out (overlayfs renames again below itself). */
static __always_inline struct scratch *hold(struct task_act *act, u32 hook, u32 kind, u32 fixed_bytes,
					    struct task_struct *task, u32 session)
{
	struct scratch *asked = act->claimed ? held_by(act) : NULL;
	if (asked) {
		act->claimed = 0;
		begin_record(asked, hook, kind, fixed_bytes, task, session);
		return asked;
	}
	if (act->held)
		return NULL;
	for (int probe = 0; probe < HELD_PROBES; probe++) {
		u32 index = ((u32)task->pid + probe) % HELD_RECORDS;
		struct scratch *scratch = bpf_map_lookup_elem(&held_records, &index);
		if (!scratch || __sync_lock_test_and_set(&scratch->busy, 1))
			continue;
		begin_record(scratch, hook, kind, fixed_bytes, task, session);
		act->held = index + 1;
		act->told = 1;
		return scratch;
	}
	return NULL;
}

static __always_inline void drop_held(struct task_act *act)
{
	struct scratch *scratch = held_by(act);
	act->held = act->claimed = 0;
	if (scratch)
		release(scratch);
}

/* A task that ends within a call, by an oops or as a worker of io_uring. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(lsm_act_end, struct task_struct *task)
{
	struct task_act *act = task->bpf_storage ? known_act(task) : NULL;
	if (act)
		drop_held(act);
	return 0;
}

#endif
