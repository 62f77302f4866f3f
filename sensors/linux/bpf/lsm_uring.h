/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The beginning and end of what io_uring does for a session: without a system call of its own, in the caller's task, in
 * a kernel thread that polls, or in a worker; all are tasks of the session.
 *
 *   tier lsm          fentry, fexit/io_issue_sqe   each try, with the kernel's copy of the names; the last has the outcome
 *                     tp_btf/io_uring_complete     bytes and sockets, as on the other tier
 *   tier tracepoint   io_uring.h
 *
 * Names that lead nowhere never reach the hooks of lsm_change.h: a change is held as it is asked for, and what those
 * hooks see then takes its place.
 */
#ifndef SPOOR_LSM_URING_H
#define SPOOR_LSM_URING_H

#include "io_uring.h"
#include "lsm_change.h"

SEC("fentry/io_issue_sqe")
int BPF_PROG(lsm_uring_begin, struct io_kiocb *uring)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_at(HOOK_ISSUE_SQE);
	struct task_act *act = session ? act_of(task) : NULL;
	if (!act)
		return 0;
	u32 opcode = peek(uring, opcode);
	drop_held(act);
	act->told = 0;
	act->opcode = opcode + 1;
	if (opcode == IORING_OP_ACCEPT)
		remember_multishot(uring);
	if (!is_named_change(opcode))
		return 0;
	struct scratch *scratch = hold(act, HOOK_ISSUE_SQE, KIND_FILE_CHANGE, sizeof(struct file_change), task,
				       session->id);
	if (!scratch) {
		count_lost(HOOK_ISSUE_SQE, KIND_FILE_CHANGE);
		return 0;
	}
	fill_change_asked(scratch, uring, opcode);
	act->claimed = 1;
	return 0;
}

SEC("fexit/io_issue_sqe")
int BPF_PROG(lsm_uring_end, struct io_kiocb *uring, unsigned int flags, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_act *act = session_of(task) ? known_act(task) : NULL;
	if (!act)
		return 0;
	u32 opcode = act->opcode - 1;
	act->opcode = 0;
	act->told = 0;
	if (result) {
		drop_held(act); /* to be tried again by a worker; or the request ends elsewhere */
		return 0;
	}
	s32 outcome = peek(uring, cqe.res);
	return change_ended(act, outcome < 0 ? -outcome : 0, NULL, CALL_IO_URING | opcode);
}

static __always_inline int unnamed_completed(struct io_kiocb *request)
{
	struct session *session = session_at(HOOK_URING_COMPLETE);
	return session ? seen_unnamed_done(session, request, peek(request, opcode), peek(request, cqe.res)) : 0;
}

SEC("tp_btf/io_uring_complete")
int BPF_PROG(lsm_uring_complete, struct io_ring_ctx *ring, struct io_kiocb *request, void *done)
{
	return request ? unnamed_completed(request) : seen_multishot(ring, done);
}

/* Before 6.10 the tracepoint gives the completion's parts. */
SEC("tp_btf/io_uring_complete")
int BPF_PROG(lsm_uring_complete_parts, struct io_ring_ctx *ring, struct io_kiocb *request, u64 user_data, int result)
{
	return request ? unnamed_completed(request) : seen_multishot_of(ring, user_data, result);
}

#endif
