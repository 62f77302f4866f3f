/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* file.open: a process first opened a file in a mode, or failed to.
 *
 *   tier tracepoint   tp_btf/sys_exit   open, creat, openat, openat2, open_by_handle_at: the file is taken from
 *                                       the descriptor that the call returned, so nothing can have been exchanged
 *   seen by neither   the second and later opens of the same file by the same process in the same mode
 *
 * A thread that closes the new descriptor and opens another in its place before the call returns makes us
 * report that other file, which the process then has open too.
 */
#ifndef SPOOR_FILE_OPEN_H
#define SPOOR_FILE_OPEN_H

#include "text.h"

/* Opens remembered, so that a file opened a thousand times by one process is one event. 104 B each, so 3.4 MB;
 * past it the least used goes, and its next open is reported again. */
#define MAX_REMEMBERED_OPENS 32768

#define ACCESS_MODE_MASK 3   /* O_ACCMODE; FMODE_READ and FMODE_WRITE are the same bits, differently counted */
#define FMODE_PATH 0x4000    /* include/linux/fs.h: O_PATH, neither read nor write */
#define FMODE_CREATED 0x100000

struct opened {
	u64 start_ns;
	u64 inode;
	u32 pid;
	u32 device;
	u32 generation;
	u32 access;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_REMEMBERED_OPENS);
	__type(key, struct opened);
	__type(value, u8);
} opens SEC(".maps");

/* What the caller asked for, from its registers. */
struct open_request {
	int directory; /* descriptor that a relative path starts from */
	u32 flags;
	const char *path; /* NULL where the caller gave a handle */
};

static __always_inline int seen_open(struct session *session, struct file *file, u32 flags)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct inode *inode = peek(file, f_inode);
	u32 mode = peek(file, f_mode);
	u8 once = 1;
	struct opened key = {
		.start_ns = peek(peek(task, group_leader), start_boottime),
		.inode = peek(inode, i_ino),
		.pid = task->tgid,
		.device = peek(peek(inode, i_sb), s_dev),
		.generation = peek(inode, i_generation),
		.access = mode & (ACCESS_MODE_MASK | FMODE_PATH),
	};
	if (bpf_map_lookup_elem(&opens, &key))
		return 0;
	struct scratch *scratch = reserve(KIND_FILE_OPEN, sizeof(struct file_open), task, session->id);
	if (!scratch)
		return 0;
	/* Remembered only once there is room to tell of it; failing to remember costs a second event, no more. */
	bpf_map_update_elem(&opens, &key, &once, BPF_ANY);
	struct file_open *event = (void *)scratch->bytes;
	file_identity(inode, &event->file);
	event->error = 0;
	event->open_flags = flags;
	event->file_mode = mode;
	event->flags = mode & FMODE_CREATED ? OPEN_CREATED : 0;
	event->claimed_bytes = 0;
	event->path = append_path(scratch, peek(file, f_path.mnt), peek(file, f_path.dentry));
	submit(scratch);
	return 0;
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
	event->path = append_path(scratch, mount, from);
	submit(scratch);
	return 0;
}

#endif
