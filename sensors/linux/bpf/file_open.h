/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* file.open: a process first opened a file in a mode, or failed to.
 *
 *   tier lsm          lsm_open.h
 *   tier tracepoint   tp_btf/sys_exit   open, creat, openat, openat2, open_by_handle_at: the file is taken from
 *                                       the descriptor that the call returned, so nothing can have been exchanged
 *   seen by neither   the second and later opens of the same file by the same program of a process in the same
 *                     mode (an exec begins anew: what the shell read is not what curl read); the second and later
 *                     vain look-ups of the same missing name in a session, by any of its processes
 *
 * A thread that closes the new descriptor and opens another in its place before the call returns makes us
 * report that other file, which the process then has open too.
 */
#ifndef SPOOR_FILE_OPEN_H
#define SPOOR_FILE_OPEN_H

#include "failed_name.h"
#include "file_use.h"
#include "text.h"

#define O_ACCMODE 3
#define O_TRUNC 01000

/* What the caller asked for, from its registers. */
struct open_request {
	int directory; /* descriptor that a relative path starts from */
	u32 flags;
	const char *path; /* NULL where the caller gave a handle */
	const char *name; /* the kernel's own copy of it, where a hook has that */
};

/* `descriptor` is -1 where there is none; `way`: OPEN_IO_URING, or 0 for a system call. */
static __noinline int seen_open(struct session *session, struct file *file, u32 flags, int descriptor, u32 way)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *inode = peek(file, f_inode);
	u32 mode = peek(file, f_mode);
	u32 access = mode & FMODE_PATH ? ACCESS_PATH : mode & (FMODE_READ | FMODE_WRITE);
	struct used used;
	use_of(task, session, inode, &used);
	if (used.use) {
		__sync_fetch_and_add(&used.use->opens, 1);
		if (descriptor >= 0 && mode & FMODE_WRITE)
			follow(&used, descriptor);
		/* What an open makes or empties is told each time. */
		bool emptied = flags & O_TRUNC && is_counted(used.use->mode);
		if (used.use->accesses & 1u << access && !(mode & FMODE_CREATED) && !emptied)
			return 0;
	}
	struct scratch *scratch = reserve(session->hook, KIND_FILE_OPEN, sizeof(struct file_open), task, session->id);
	if (!scratch)
		return 0;
	/* Remembered only once there is room to tell of it. Nothing to remember it in costs a second event, no more. */
	if (used.use)
		used.use->accesses |= 1u << access;
	struct file_open *event = (void *)scratch->bytes;
	file_identity(inode, &event->file);
	event->error = 0;
	event->open_flags = flags;
	event->file_mode = mode;
	event->flags = way | (mode & FMODE_CREATED ? OPEN_CREATED : 0);
	event->claimed_bytes = 0;
	append_path(scratch, peek(file, f_path.mnt), peek(file, f_path.dentry), &event->path);
	submit(scratch);
	return 0;
}

/* There is no file: what is known is what the caller asked, and the directory it would have been looked up from. */
static __noinline int seen_open_failed(struct session *session, struct open_request *request, u32 error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch = reserve(session->hook, KIND_FILE_OPEN, sizeof(struct file_open), task, session->id);
	if (!scratch)
		return 0;
	struct file_open *event = (void *)scratch->bytes;
	scratch->class = SHED_FIRST;
	__builtin_memset(&event->file, 0, sizeof(event->file));
	event->error = error;
	event->open_flags = request->flags;
	event->file_mode = 0;
	event->flags = 0;
	u32 claimed_at = scratch->used;
	long claimed = request->name   ? append_kernel_string(scratch, request->name)
		       : request->path ? append_user_string(scratch, request->path)
				       : -1;
	if (claimed < 0) {
		event->flags |= OPEN_CLAIMED_UNREADABLE;
		claimed = 0;
	}
	event->claimed_bytes = claimed;
	if (claimed == MAX_CLAIMED_BYTES - 1)
		event->flags |= OPEN_CLAIMED_CUT;

	struct vfsmount *mount = NULL;
	struct dentry *from = NULL;
	bool absolute = claimed > 0 && claimed_at < SCRATCH_BYTES && scratch->bytes[claimed_at] == '/';
	if (absolute) {
		mount = peek(peek(task, fs), root.mnt);
		from = peek(peek(task, fs), root.dentry);
	} else if (request->directory == AT_FDCWD) {
		mount = peek(peek(task, fs), pwd.mnt);
		from = peek(peek(task, fs), pwd.dentry);
	} else {
		struct file *directory = file_of(request->directory);
		if (directory) {
			mount = peek(directory, f_path.mnt);
			from = peek(directory, f_path.dentry);
		}
	}
	if (claimed > 0 && is_known_failure(scratch, session, claimed_at, claimed, from, error, request->flags & O_ACCMODE)) {
		release(scratch);
		return 0;
	}
	append_path(scratch, mount, from, &event->path);
	submit(scratch);
	return 0;
}

#endif
