/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* process.exec: a program was started. Sent for every process of the host: ancestry needs the others too.
 *
 *   both tiers        tp_btf/sched_process_exec   the new program is mapped and cannot fail any more
 *   seen by neither   an exec that failed: its errno shows at the end of the call only
 */
#ifndef SPOOR_PROCESS_EXEC_H
#define SPOOR_PROCESS_EXEC_H

#include "text.h"

/* Arguments kept of one exec; past it the first and the last half are kept and the record says so. A power of two:
 * the verifier follows a mask, not a comparison. */
#define MAX_ARGS_BYTES 32768
#define HALF_ARGS_BYTES (MAX_ARGS_BYTES / 2)

static __always_inline bool append_args(struct scratch *scratch, unsigned long from, u32 bytes)
{
	u32 used = scratch->used;
	if (used > SCRATCH_BYTES - MAX_ARGS_BYTES || bytes > MAX_ARGS_BYTES)
		return false;
	if (bpf_probe_read_user(scratch->bytes + used, bytes, (void *)from))
		return false;
	scratch->used = used + bytes;
	return true;
}

static __always_inline int seen_exec(struct task_struct *task, struct linux_binprm *program)
{
	struct session *session = session_of(task);
	u32 around = session ? session->id : 0;
	u32 tag = is_suspect(task, program) ? new_suspect_tag() : 0;
	if (tag)
		set_session(task, tag);
	struct scratch *scratch =
		reserve(KIND_PROCESS_EXEC, sizeof(struct process_exec), task, tag ? tag : around);
	if (!scratch)
		return 0;
	struct process_exec *event = (void *)scratch->bytes;
	process_identity(peek(task, real_parent), &event->parent);
	file_identity(peek(peek(program, file), f_inode), &event->executable);
	event->uid = peek(peek(task, cred), uid.val);
	event->euid = peek(peek(task, cred), euid.val);
	event->gid = peek(peek(task, cred), gid.val);
	event->egid = peek(peek(task, cred), egid.val);
	event->args_count = peek(program, argc);
	event->flags = 0;
	event->around = around;

	unsigned long begin = peek(peek(task, mm), arg_start);
	unsigned long total = peek(peek(task, mm), arg_end) - begin;
	u32 before = scratch->used;
	bool read;
	event->args_total_bytes = total;
	if (total > MAX_ARGS_BYTES) {
		event->flags |= EXEC_ARGS_CUT;
		read = append_args(scratch, begin, HALF_ARGS_BYTES) &&
		       append_args(scratch, begin + total - HALF_ARGS_BYTES, HALF_ARGS_BYTES);
	} else {
		read = append_args(scratch, begin, total);
	}
	if (!read)
		event->flags |= EXEC_ARGS_UNREADABLE;
	event->args_bytes = scratch->used - before;

	event->called_bytes = append_kernel_string(scratch, peek(program, filename));
	if (event->called_bytes == MAX_CLAIMED_BYTES - 1)
		event->flags |= EXEC_CALLED_CUT;
	event->executable_path = append_path(scratch, peek(peek(program, file), f_path.mnt),
					     peek(peek(program, file), f_path.dentry));
	event->working_directory =
		append_path(scratch, peek(peek(task, fs), pwd.mnt), peek(peek(task, fs), pwd.dentry));
	/* Most suspects are none: the sooner they are told so, the less is reported of them for nothing. */
	hand_over(scratch, tag && !around ? BPF_RB_FORCE_WAKEUP : wake_if_full());
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(both_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *program)
{
	return seen_exec(task, program);
}

#endif
