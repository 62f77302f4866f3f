/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* file.open: a process first opened a file in a mode, or failed to.
 *
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

#include "file_use.h"
#include "text.h"

#define O_ACCMODE 3
#define O_TRUNC 01000

/* Failed opens remembered. 56 B each, so 1 MB; past it the least used goes, and its next try is told again. */
#define MAX_REMEMBERED_FAILURES 16384

/* A program's start looks for a dozen files that are not there (locales, caches, libraries in each folder of a
 * path): a thousand starts are a dozen events. A refusal is told for each process, as somebody wanted something. */
struct failed_open {
	u64 name_hash;
	u64 directory_inode; /* that the name starts from: a working directory, or the process's own root */
	u64 start_ns; /* 0 with pid 0: whatever process of the session */
	u32 pid;
	u32 session;
	u32 error;
	u32 access;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_REMEMBERED_FAILURES);
	__type(key, struct failed_open);
	__type(value, u8);
} failed_opens SEC(".maps");

/* What the caller asked for, from its registers. */
struct open_request {
	int directory; /* descriptor that a relative path starts from */
	u32 flags;
	const char *path; /* NULL where the caller gave a handle */
};

/* `descriptor` is -1 where there is none. */
static __always_inline int seen_open(struct session *session, struct file *file, u32 flags, int descriptor)
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
		if (used.use->accesses & 1u << access && !(mode & FMODE_CREATED) && !(flags & O_TRUNC))
			return 0;
	}
	struct scratch *scratch = reserve(KIND_FILE_OPEN, sizeof(struct file_open), task, session->id);
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
	event->flags = mode & FMODE_CREATED ? OPEN_CREATED : 0;
	event->claimed_bytes = 0;
	append_path(scratch, peek(file, f_path.mnt), peek(file, f_path.dentry), &event->path);
	submit(scratch);
	return 0;
}

#define ENOENT 2
#define ENOTDIR 20
#define HASH_FACTOR 0x9e3779b97f4a7c15 /* 2^64 divided by the golden ratio: spreads neighbours */

/* Two names that meet in one hash would hide the second; 64 bits make that one in 10^15 for 100,000 names. */
static __always_inline u64 hash_claimed(struct scratch *scratch, u32 at, u32 length)
{
	u64 hash = length;
	u32 end = at + length;
	if (at > SCRATCH_BYTES - MAX_CLAIMED_BYTES - sizeof(u64) || length > MAX_CLAIMED_BYTES)
		return 0;
	if (end > SCRATCH_BYTES - sizeof(u64))
		return 0;
	*(u64 *)(scratch->bytes + end) = 0; /* the last word is whole, whatever lay here */
	for (u32 word = 0; word < MAX_CLAIMED_BYTES / sizeof(u64); word++) {
		u32 place = at + word * sizeof(u64);
		if (word * sizeof(u64) >= length || place > SCRATCH_BYTES - sizeof(u64))
			break;
		hash = (hash ^ *(u64 *)(scratch->bytes + place)) * HASH_FACTOR;
		hash ^= hash >> 32;
	}
	return hash;
}

/* There is no file: what is known is what the caller asked, and the directory it would have been looked up from. */
static __always_inline int seen_open_failed(struct session *session, struct open_request *request, u32 error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch = reserve(KIND_FILE_OPEN, sizeof(struct file_open), task, session->id);
	if (!scratch)
		return 0;
	struct file_open *event = (void *)scratch->bytes;
	__builtin_memset(&event->file, 0, sizeof(event->file));
	event->error = error;
	event->open_flags = request->flags;
	event->file_mode = 0;
	event->flags = 0;
	u32 claimed_at = scratch->used;
	long claimed = request->path ? append_user_string(scratch, request->path) : -1;
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
	bool missing = error == ENOENT || error == ENOTDIR;
	u8 once = 1;
	struct failed_open key = {
		.name_hash = hash_claimed(scratch, claimed_at, claimed),
		.directory_inode = from ? peek(peek(from, d_inode), i_ino) : 0,
		.start_ns = missing ? 0 : event->record.start_ns,
		.pid = missing ? 0 : event->record.pid,
		.session = session->id,
		.error = error,
		.access = request->flags & O_ACCMODE,
	};
	if (claimed > 0 && bpf_map_lookup_elem(&failed_opens, &key)) {
		release(scratch);
		return 0;
	}
	bpf_map_update_elem(&failed_opens, &key, &once, BPF_ANY);
	append_path(scratch, mount, from, &event->path);
	submit(scratch);
	return 0;
}

#endif
