/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Iterators over all tasks: who was there before, who belongs to a session, and giving a process its tag.
 * The addon writes `request`, then reads the iterator; its answers are structs of records.h, one behind the other.
 */
#ifndef SPOOR_TASKS_H
#define SPOOR_TASKS_H

#include "file_use.h"
#include "system_call.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct task_request);
} requests SEC(".maps");

static __always_inline struct task_request *asked(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&requests, &zero);
}

/* A process, seen at its leader. A leader that ended stays until its last thread has: ask the group, not the task. */
static __always_inline bool is_live_process(struct task_struct *task)
{
	return task->pid == task->tgid && peek(peek(task, signal), live.counter) > 0;
}

SEC("iter/task")
int both_existing(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	if (!task || !is_live_process(task))
		return 0;
	struct task_existing answer = {
		.uid = peek(peek(task, cred), uid.val),
		.euid = peek(peek(task, cred), euid.val),
		.gid = peek(peek(task, cred), gid.val),
		.egid = peek(peek(task, cred), egid.val),
		.kernel_thread = task->flags & PF_KTHREAD ? 1 : 0,
	};
	struct session *session = session_of(task);
	if (session) {
		answer.session = session->id;
		answer.around = session->around;
	}
	process_identity(task, &answer.process);
	process_identity(peek(task, real_parent), &answer.parent);
	bpf_seq_write(context->meta->seq, &answer, sizeof(answer));
	return 0;
}

SEC("iter/task")
int both_members(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct task_request *request = asked();
	if (!task || !request || !is_live_process(task))
		return 0;
	struct session *session = session_of(task);
	if (!session || session->id != request->session)
		return 0;
	struct task_member answer;
	process_identity(task, &answer.process);
	bpf_seq_write(context->meta->seq, &answer, sizeof(answer));
	return 0;
}

/* Lets every task find out what became of its tag, so that places of joined tags can be given again. No answer. */
SEC("iter/task")
int both_settle(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	if (task)
		session_of(task);
	return 0;
}

/* Tags every thread of a process; answers one task_member for each that had another tag before. */
SEC("iter/task")
int both_tag(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct task_request *request = asked();
	if (!task || !request || task->tgid != request->pid)
		return 0;
	struct session *session = session_of(task);
	if (session && session->id == request->session)
		return 0;
	struct session given = { .id = request->session, .slot = request->slot };
	credentials_of(task, &given.credentials);
	set_session(HOOK_TASKS, task, &given);
	struct task_member answer;
	process_identity(task, &answer.process);
	bpf_seq_write(context->meta->seq, &answer, sizeof(answer));
	return 0;
}

/* Gives a session that the kernel tagged by itself its place among the histograms. */
SEC("iter/task")
int both_count(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	struct task_request *request = asked();
	if (!task || !request)
		return 0;
	struct session *session = session_of(task);
	if (session && session->id == request->session)
		session->slot = request->slot;
	return 0;
}

/* Every 30 s: what the processes of sessions did with their files meanwhile. */
SEC("iter/task")
int both_refresh(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;
	if (!task || !is_live_process(task))
		return 0;
	struct session *session = session_of(task);
	struct process_uses *uses = bpf_task_storage_get(&process_uses, task, NULL, 0);
	if (session && uses)
		tell_uses(task, session, uses, USES_REFRESH);
	return 0;
}

#endif
