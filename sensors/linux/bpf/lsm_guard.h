/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Refuses to sessions what would blind or end their watcher. It tells nothing: a refused act is told by the hooks that
 * tell acts, with its error.
 *
 *   tier lsm          fmod_ret/security_*   before the kernel does it; also where BPF is not among the active LSMs
 *   tier tracepoint   nothing can be refused
 *
 * Only to tasks that are in a session for certain: not to a suspect while nobody has judged, nor to the watcher itself
 * when somebody started it from within a session. Whoever is in no session passes after one load.
 *
 * Here: who is bound, and what is guarded. What is refused: lsm_guard_file.h, lsm_guard_process.h.
 */
#ifndef SPOOR_LSM_GUARD_H
#define SPOOR_LSM_GUARD_H

#include "lsm_act.h"

/* Folders and what lies above them; 24 B each. Past it the addon refuses. */
#define MAX_GUARDED_FILES 256
/* The sensor's maps and links: past it the addon refuses. */
#define MAX_GUARDED_OBJECTS 512
/* Names below a guarded folder; the log has 5. Past it a file is not guarded. */
#define MAX_GUARDED_DEPTH 32

struct guard guard SEC(".data.guard") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_GUARDED_FILES);
	__type(key, struct guarded_file);
	__type(value, u8); /* enum guarded_as */
} guarded_files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_GUARDED_OBJECTS);
	__type(key, struct guarded_object);
	__type(value, u8);
} guarded_objects SEC(".maps");

/* The number alone may be another's by now. */
static __always_inline bool is_watcher(const struct task_struct *task)
{
	return guard.pid && peek(task, tgid) == guard.pid &&
	       peek(peek(task, group_leader), start_boottime) == guard.start_ns;
}

/* Whether the task that runs is one to whom the watcher is closed. */
static __always_inline bool is_bound(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = guard.pid ? session_of(task) : NULL;
	return session && is_for_certain(session) && !is_watcher(task);
}

static __always_inline u8 guarded_number(u64 inode, u32 device)
{
	struct guarded_file file = { .inode = inode, .device = device };
	u8 *as = bpf_map_lookup_elem(&guarded_files, &file);
	return as ? *as : 0;
}

static __always_inline u8 guarded_as(struct dentry *dentry)
{
	struct inode *inode = peek(dentry, d_inode);
	return inode ? guarded_number(peek(inode, i_ino), peek(peek(dentry, d_sb), s_dev)) : 0;
}

/* Opened by its handle, a file may have no name (d_obtain_alias()): it may be any that lies on the same device. */
static __always_inline bool may_be_any(struct dentry *dentry)
{
	struct super_block *system = peek(dentry, d_sb);
	return peek(dentry, d_parent) == dentry && peek(system, s_root) != dentry &&
	       guarded_number(0, peek(system, s_dev)) & GUARDED_FILE_SYSTEM;
}

struct guard_walk {
	struct dentry *dentry;
	bool is_guarded;
};

static long guard_step(u32 step, struct guard_walk *walk)
{
	struct dentry *dentry = walk->dentry;
	walk->is_guarded = guarded_as(dentry) & GUARDED_INSIDE;
	walk->dentry = peek(dentry, d_parent);
	return walk->is_guarded || walk->dentry == dentry;
}

/* The file itself, which need not be there yet, or a folder above it on its file system, is guarded. */
static __noinline bool is_guarded(struct dentry *dentry)
{
	struct guard_walk walk = { .dentry = dentry };
	bpf_loop(MAX_GUARDED_DEPTH, guard_step, &walk, 0);
	return walk.is_guarded || may_be_any(dentry);
}

static __always_inline bool is_guarded_object(u32 kind, u32 id)
{
	struct guarded_object object = { .kind = kind, .id = id };
	return bpf_map_lookup_elem(&guarded_objects, &object) != NULL;
}

static __always_inline int refuse(bool yes)
{
	return yes ? -EPERM : 0;
}

#endif
