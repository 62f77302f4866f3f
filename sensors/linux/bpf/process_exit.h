/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* process.exit: the last thread of a process ended. Exactly one for each process of the host.
 *
 *   both tiers        tp_btf/sched_process_exit   in do_exit(), for every thread
 *   seen by neither   nothing
 *
 * Kernels from 6.16 say in the tracepoint which thread was the last. Before, signal->live is lowered ahead of the
 * tracepoint, so two threads that end at once may both read zero: the first to enter the process in `exited` wins.
 */
#ifndef SPOOR_PROCESS_EXIT_H
#define SPOOR_PROCESS_EXIT_H

#include "file_use.h"

/* Processes whose end was just reported, oldest forgotten: the race is one of microseconds. 24 B each. */
#define MAX_EXITED 4096

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_EXITED);
	__type(key, struct process_id);
	__type(value, u8);
} exited SEC(".maps");

static __always_inline int seen_exit(struct task_struct *task)
{
	struct session *session = session_at(HOOK_PROCESS_EXIT);
	if (session)
		seen_last_use(task, session);
	struct scratch *scratch = reserve(HOOK_PROCESS_EXIT, KIND_PROCESS_EXIT, sizeof(struct process_exit), task,
					  session ? session->id : 0);
	if (!scratch)
		return 0;
	struct process_exit *event = (void *)scratch->bytes;
	/* As wait_task_zombie() decides: the group's code if somebody ended the group, else the leader's own. */
	if (peek(peek(task, signal), flags) & SIGNAL_GROUP_EXIT)
		event->status = peek(peek(task, signal), group_exit_code);
	else
		event->status = peek(peek(task, group_leader), exit_code);
	event->spare = 0;
	submit(scratch);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(both_exit_said, struct task_struct *task, bool group_dead)
{
	return group_dead ? seen_exit(task) : 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(both_exit_raced, struct task_struct *task)
{
	struct process_id process;
	u8 done = 1;
	if (peek(peek(task, signal), live.counter))
		return 0;
	process_identity(task, &process);
	if (peek(peek(task, signal), nr_threads) > 1 &&
	    bpf_map_update_elem(&exited, &process, &done, BPF_NOEXIST))
		return 0;
	return seen_exit(task);
}

#endif
