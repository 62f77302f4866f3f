/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The beginning and end of what io_uring does for a session: without a system call of its own, in the caller's task, in
 * a kernel thread that polls, or in a worker; all are tasks of the session.
 *
 *   tier lsm          fentry, fexit/io_issue_sqe   each try; the last one has the outcome
 *                     fentry/io_req_rw_complete    reads and writes that ended later
 *   seen by neither   bytes of a ring that polls its devices (IORING_SETUP_IOPOLL)
 */
#ifndef SPOOR_LSM_URING_H
#define SPOOR_LSM_URING_H

#include "lsm_change.h"

/* include/uapi/linux/io_uring.h */
#define OP_READV 1
#define OP_WRITEV 2
#define OP_READ_FIXED 4
#define OP_WRITE_FIXED 5
#define OP_CLOSE 19
#define OP_READ 22
#define OP_WRITE 23
#define OP_SPLICE 30

static __always_inline void uring_bytes(struct session *session, struct io_kiocb *act)
{
	s32 bytes = peek(act, cqe.res);
	struct file *file = peek(act, file);
	if (bytes <= 0 || !file)
		return;
	switch (peek(act, opcode)) {
	case OP_READ:
	case OP_READV:
	case OP_READ_FIXED:
		seen_bytes(session, file, bytes, 0, WAY_IO_URING);
		break;
	case OP_WRITE:
	case OP_WRITEV:
	case OP_WRITE_FIXED:
		seen_bytes(session, file, 0, bytes, WAY_IO_URING);
		break;
	}
}

SEC("fentry/io_issue_sqe")
int BPF_PROG(lsm_uring_begin, struct io_kiocb *uring)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_act *act = session_of(task) ? act_of(task) : NULL;
	if (!act)
		return 0;
	drop_held(act);
	act->told = 0;
	act->opcode = peek(uring, opcode) + 1;
	return 0;
}

SEC("fexit/io_issue_sqe")
int BPF_PROG(lsm_uring_end, struct io_kiocb *uring, unsigned int flags, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_of(task);
	struct task_act *act = session ? known_act(task) : NULL;
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
	change_ended(act, outcome < 0 ? -outcome : 0, NULL, CALL_IO_URING | opcode);
	uring_bytes(session, uring);
	return 0;
}

SEC("fentry/io_req_rw_complete")
int BPF_PROG(lsm_uring_later, struct io_kiocb *uring)
{
	struct session *session = session_of(bpf_get_current_task_btf());
	if (session)
		uring_bytes(session, uring);
	return 0;
}

#endif
