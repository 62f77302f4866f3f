/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* file.open on the tier lsm: as the kernel has looked up, checked and opened the file, or has not.
 *
 *   tier lsm          fexit/do_filp_open        every call by name, of 64 and 32 bits, and io_uring's requests
 *                     fexit/do_file_open_root   open_by_handle_at
 *                     fexit/may_open            a refusal, of the file that the name led to
 *                     fentry/fd_install         which descriptors write, so that the close of the last one is known
 *   tier tracepoint   file_open.h
 *
 * A name that leads nowhere is told as the kernel copied it from the caller: what another thread writes there later
 * changes nothing.
 */
#ifndef SPOOR_LSM_OPEN_H
#define SPOOR_LSM_OPEN_H

#include "file_open.h"
#include "lsm_act.h"

#define FMODE_EXEC 0x20 /* in open_flags.open_flag: execve opens the program, and tells of it itself */
#define EAGAIN 11
#define ESTALE 116

/* A pointer, or an error in its place: as a number, which is all that the verifier lets it be compared as. */
static __always_inline long returned(void *context)
{
	u64 value = 0;
	bpf_get_func_ret(context, &value);
	return value;
}

static __always_inline u32 error_of(long pointer)
{
	return pointer < 0 && pointer >= -MAX_ERRNO ? -pointer : 0;
}

/* A change that the hooks of lsm_change.h saw within an open is part of it: creating, emptying. */
static __always_inline void told_open(struct task_act *act)
{
	drop_held(act);
	act->told = 1;
}

static __always_inline int opened(struct session *session, struct open_request *asked, long file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (asked->flags & FMODE_EXEC)
		return 0;
	struct task_act *act = act_of(task);
	if (!act)
		return 0;
	u32 error = error_of(file);
	if (error == EAGAIN && act->opcode)
		return 0; /* io_uring tries without waiting first, then lets a worker do it */
	bool refused = error && act->told; /* may_open() said it */
	told_open(act);
	if (refused)
		return 0;
	if (error)
		return seen_open_failed(session, asked, error);
	return seen_open(session, (void *)file, asked->flags, -1, act->opcode ? OPEN_IO_URING : 0);
}

SEC("fexit/do_filp_open")
int BPF_PROG(lsm_open, int directory, struct filename *name, const struct open_flags *flags)
{
	struct session *session = session_at(HOOK_FILP_OPEN);
	if (!session)
		return 0;
	struct open_request asked = {
		.directory = directory,
		.flags = peek(flags, open_flag),
		.name = peek(name, name),
	};
	return opened(session, &asked, returned(ctx));
}

SEC("fexit/do_file_open_root")
int BPF_PROG(lsm_open_root, const struct path *root, const char *name, const struct open_flags *flags)
{
	struct session *session = session_at(HOOK_OPEN_ROOT);
	if (!session)
		return 0;
	struct open_request asked = { .directory = AT_FDCWD, .flags = peek(flags, open_flag) };
	return opened(session, &asked, returned(ctx));
}

/* The name led to a file, and that was refused. Each refusal is told once a process, as in failed_name.h. */
static __noinline int seen_open_refused(struct session *session, const struct path *path, u32 flags, u32 error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch = reserve(session->hook, KIND_FILE_OPEN, sizeof(struct file_open), task, session->id);
	if (!scratch)
		return 0;
	struct file_open *event = (void *)scratch->bytes;
	struct inode *inode = peek(peek(path, dentry), d_inode);
	file_identity(inode, &event->file);
	if (is_known_refusal(&event->record, session, &event->file, error, flags & O_ACCMODE)) {
		release(scratch);
		return 0;
	}
	event->error = error;
	event->open_flags = flags;
	event->file_mode = 0;
	event->flags = OPEN_RESOLVED;
	event->claimed_bytes = 0;
	append_path(scratch, peek(path, mnt), peek(path, dentry), &event->path);
	submit(scratch);
	return 0;
}

SEC("fexit/may_open")
int BPF_PROG(lsm_open_refused, void *mapping, const struct path *path, int access, int flags, int result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = result ? session_at(HOOK_MAY_OPEN) : NULL;
	struct task_act *act = session && !(flags & FMODE_EXEC) && result != -ESTALE ? act_of(task) : NULL;
	if (!act)
		return 0;
	act->told = 1;
	return seen_open_refused(session, path, flags, -result);
}

SEC("fentry/fd_install")
int BPF_PROG(lsm_descriptor, unsigned int descriptor, struct file *file)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_at(HOOK_FD_INSTALL);
	struct used used;
	if (!session || !(peek(file, f_mode) & FMODE_WRITE) || !is_counted(peek(peek(file, f_inode), i_mode)))
		return 0;
	seen_close(session, descriptor); /* by a way that is not followed, such as close_range() */
	use_of(task, session, peek(file, f_inode), &used);
	if (used.use)
		follow(&used, descriptor);
	return 0;
}

#endif
