/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* process.exec_failed: an execve that started nothing: somebody tries what is there.
 *
 *   both tiers        tp_btf/sys_exit   execve, execveat: path and arguments are read from the caller's memory as it
 *                                       stands when the call returns: claims
 *   seen by neither   the second and later tries of a missing name in a session; one that failed after the old program was gone: the process then dies by a signal
 */
#ifndef SPOOR_PROCESS_EXEC_FAILED_H
#define SPOOR_PROCESS_EXEC_FAILED_H

#include "calls_ia32.h"
#include "failed_name.h"

/* Arguments told of a failed exec. Each costs two reads; past it the record says that it was cut. */
#define MAX_FAILED_ARGS 64
#define MAX_FAILED_ARG_BYTES 1024

struct claimed_args {
	struct scratch *scratch;
	u64 list; /* of pointers, in the caller's memory */
	u32 pointer_bytes;
};

static long append_claimed_arg(u32 index, struct claimed_args *args)
{
	struct scratch *scratch = args->scratch;
	struct process_exec_failed *event = (void *)scratch->bytes;
	u64 argument = 0; /* the lower half of a pointer of four bytes: little-endian */
	u32 used = scratch->used;
	u32 pointer_bytes = args->pointer_bytes == sizeof(u32) ? sizeof(u32) : sizeof(u64);
	if (bpf_probe_read_user(&argument, pointer_bytes, (void *)(args->list + pointer_bytes * index)) || !argument)
		return 1;
	if (used > SCRATCH_BYTES - 4 * MAX_CLAIMED_BYTES) {
		event->flags |= EXEC_ARGS_CUT;
		return 1;
	}
	long length = bpf_probe_read_user_str(scratch->bytes + used, MAX_FAILED_ARG_BYTES, (void *)argument);
	if (length <= 0) {
		event->flags |= EXEC_ARGS_UNREADABLE;
		return 1;
	}
	if (length == MAX_FAILED_ARG_BYTES || index == MAX_FAILED_ARGS - 1)
		event->flags |= EXEC_ARGS_CUT;
	scratch->used = used + length;
	return 0;
}

static __noinline int seen_exec_failed(struct session *session, int directory, u64 path, u64 args, u32 error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch = reserve(session->hook, KIND_PROCESS_EXEC_FAILED, sizeof(struct process_exec_failed),
					  task, session->id);
	if (!scratch)
		return 0;
	struct process_exec_failed *event = (void *)scratch->bytes;
	event->error = error;
	event->flags = 0;
	event->spare = 0;
	/* The name first: a shell looks for a program in each folder of its path, and each look is told once. */
	u32 called_at = scratch->used;
	long called = append_user_string(scratch, (void *)path);
	bool absolute = called > 0 && called_at < SCRATCH_BYTES && scratch->bytes[called_at] == '/';
	struct dentry *from = absolute ? peek(peek(task, fs), root.dentry) : peek(peek(task, fs), pwd.dentry);
	if (called > 0 && is_known_failure(scratch, session, called_at, called, from, error, ACCESS_EXECUTE)) {
		release(scratch);
		return 0;
	}
	event->called_bytes = called > 0 ? called : 0;
	if (called == MAX_CLAIMED_BYTES - 1)
		event->flags |= EXEC_CALLED_CUT;
	struct claimed_args claimed = {
		.scratch = scratch,
		.list = args,
		.pointer_bytes = has_narrow_pointers() ? sizeof(u32) : sizeof(u64),
	};
	u32 args_at = scratch->used;
	bpf_loop(MAX_FAILED_ARGS, append_claimed_arg, &claimed, 0);
	event->args_bytes = scratch->used - args_at;
	append_start(scratch, called_at, event->called_bytes, directory, &event->called_from);
	submit(scratch);
	return 0;
}

#endif
