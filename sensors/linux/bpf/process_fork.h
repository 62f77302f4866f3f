/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* process.fork: a task of a session made another, which is of the session from then on.
 *
 *   both tiers        tp_btf/task_newtask   in copy_process(), before the child can run
 *   seen by neither   nothing: kernel threads made for io_uring pass here too, which
 *                     sched_process_fork does not show (create_io_thread() calls no kernel_clone())
 */
#ifndef SPOOR_PROCESS_FORK_H
#define SPOOR_PROCESS_FORK_H

#include "system_call.h"

static __always_inline int seen_newtask(struct task_struct *child, u64 flags)
{
	struct task_struct *creator = bpf_get_current_task_btf();
	struct session *session = session_at(HOOK_TASK_NEWTASK);
	if (!session)
		return 0;
	set_session(HOOK_TASK_NEWTASK, child, session);
	if (child->tgid == creator->tgid)
		return 0; /* a thread: its process is known */
	struct scratch *scratch = reserve(HOOK_TASK_NEWTASK, KIND_PROCESS_FORK, sizeof(struct process_fork),
					  child, session->id);
	if (!scratch)
		return 0;
	struct process_fork *event = (void *)scratch->bytes;
	process_identity(creator, &event->creator);
	submit(scratch);
	return flags & CLONE_NEW_ANY ? seen_new_namespaces(session, child, flags) : 0;
}

SEC("tp_btf/task_newtask")
int BPF_PROG(both_newtask, struct task_struct *child, u64 clone_flags)
{
	return seen_newtask(child, clone_flags);
}

#endif
