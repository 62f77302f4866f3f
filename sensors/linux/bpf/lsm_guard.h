/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Refuses to sessions what would blind or end their watcher. It tells nothing: a refused act is told by the hooks that
 * tell acts, with its error.
 *
 *   tier lsm          fmod_ret/security_*   before the kernel does it; also where BPF is not among the active LSMs
 *   tier tracepoint   nothing can be refused
 *
 * Only to tasks that are in a session for certain: not to a suspect while nobody has judged, nor to the watcher itself
 * when somebody started it from within a session. Whoever is in no session passes after one load.
 */
#ifndef SPOOR_LSM_GUARD_H
#define SPOOR_LSM_GUARD_H

#include "lsm_act.h"
#include "system_call.h"

/* Folders and what lies above them; 24 B each. Past it the addon refuses. */
#define MAX_GUARDED_FILES 256
/* The sensor's maps and links: past it the addon refuses. */
#define MAX_GUARDED_OBJECTS 512
/* Names below a guarded folder; the log has 5. Past it a file is not guarded. */
#define MAX_GUARDED_DEPTH 32

#define PTRACE_MODE_ATTACH 2 /* include/linux/ptrace.h */
#define BPF_COMMAND_LINK_UPDATE 29 /* enum bpf_cmd, of which older kernels have less */
#define BPF_COMMAND_LINK_DETACH 34

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

/* By the place of a suspect's verdict: its tag, once user space has said that it keeps it. As u64, since the kernel
 * rounds a value up to 8 bytes, and user space writes through a mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_VERDICTS);
	__type(key, u32);
	__type(value, u64);
} kept_tags SEC(".maps");

static __always_inline bool is_for_certain(const struct session *session)
{
	u32 place = session->id % MAX_VERDICTS;
	if (session->id < FIRST_SUSPECT_TAG || session->around)
		return true;
	u64 *kept = bpf_map_lookup_elem(&kept_tags, &place);
	return kept && *kept == session->id;
}

/* The number alone may be another's by now. */
static __always_inline bool is_watcher(const struct task_struct *task)
{
	return peek(task, tgid) == guard.pid && peek(peek(task, group_leader), start_boottime) == guard.start_ns;
}

/* Whether the task that runs is one to whom the watcher is closed. */
static __always_inline bool is_bound(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = guard.pid ? session_of(task) : NULL;
	return session && is_for_certain(session) && !is_watcher(task);
}

static __always_inline u8 guarded_as(struct dentry *dentry)
{
	struct guarded_file file = {};
	struct inode *inode = peek(dentry, d_inode);
	if (!inode)
		return 0;
	file.inode = peek(inode, i_ino);
	file.device = peek(peek(inode, i_sb), s_dev);
	u8 *as = bpf_map_lookup_elem(&guarded_files, &file);
	return as ? *as : 0;
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

/* The file itself, or a folder above it on its file system, is guarded. */
static __noinline bool is_guarded(struct dentry *dentry)
{
	struct guard_walk walk = { .dentry = dentry };
	bpf_loop(MAX_GUARDED_DEPTH, guard_step, &walk, 0);
	return walk.is_guarded;
}

static __always_inline int refuse(bool yes)
{
	return yes ? -EPERM : 0;
}

SEC("fmod_ret/security_task_kill")
int BPF_PROG(lsm_guard_kill, struct task_struct *target, struct kernel_siginfo *info, int signal)
{
	return refuse(signal && is_bound() && is_watcher(target));
}

/* Also process_vm_writev(), pidfd_getfd() and the opening of /proc/PID/mem. */
SEC("fmod_ret/security_ptrace_access_check")
int BPF_PROG(lsm_guard_trace, struct task_struct *target, unsigned int mode)
{
	return refuse(mode & PTRACE_MODE_ATTACH && is_bound() && is_watcher(target));
}

/* To be written; and the host key not to be read either. */
SEC("fmod_ret/security_file_open")
int BPF_PROG(lsm_guard_open, struct file *file)
{
	if (!is_bound())
		return 0;
	struct dentry *dentry = peek(file, f_path.dentry);
	if (peek(file, f_mode) & FMODE_WRITE)
		return refuse(is_guarded(dentry));
	return refuse(guard.has_secrets && guarded_as(peek(dentry, d_parent)) & GUARDED_SECRET);
}

SEC("fmod_ret/security_path_unlink")
int BPF_PROG(lsm_guard_unlink, const struct path *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_path_rmdir")
int BPF_PROG(lsm_guard_rmdir, const struct path *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

/* Neither away, nor in the place of a guarded one, nor with a folder that a guarded one lies in. */
SEC("fmod_ret/security_path_rename")
int BPF_PROG(lsm_guard_rename, const struct path *old_directory, struct dentry *old, const struct path *new_directory,
	     struct dentry *new)
{
	return refuse(is_bound() && (is_guarded(old) || is_guarded(peek(new_directory, dentry)) || is_guarded(new) ||
				     guarded_as(old) || guarded_as(new)));
}

SEC("fmod_ret/security_path_truncate")
int BPF_PROG(lsm_guard_truncate, const struct path *path)
{
	return refuse(is_bound() && is_guarded(peek(path, dentry)));
}

SEC("fmod_ret/security_path_chmod")
int BPF_PROG(lsm_guard_chmod, const struct path *path)
{
	return refuse(is_bound() && is_guarded(peek(path, dentry)));
}

SEC("fmod_ret/security_path_chown")
int BPF_PROG(lsm_guard_chown, const struct path *path)
{
	return refuse(is_bound() && is_guarded(peek(path, dentry)));
}

SEC("fmod_ret/security_path_mknod")
int BPF_PROG(lsm_guard_mknod, const struct path *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(peek(directory, dentry)));
}

SEC("fmod_ret/security_path_mkdir")
int BPF_PROG(lsm_guard_mkdir, const struct path *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(peek(directory, dentry)));
}

SEC("fmod_ret/security_path_symlink")
int BPF_PROG(lsm_guard_symlink, const struct path *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(peek(directory, dentry)));
}

/* A second name outside would be a way around; a name inside, a file slipped in. */
SEC("fmod_ret/security_path_link")
int BPF_PROG(lsm_guard_link, struct dentry *old, const struct path *new_directory, struct dentry *new)
{
	return refuse(is_bound() && (is_guarded(old) || is_guarded(peek(new_directory, dentry))));
}

static __always_inline bool is_guarded_object(u32 kind, u32 id)
{
	struct guarded_object object = { .kind = kind, .id = id };
	return bpf_map_lookup_elem(&guarded_objects, &object) != NULL;
}

/* A descriptor of one of the sensor's maps, by its pin or its number. */
SEC("fmod_ret/security_bpf_map")
int BPF_PROG(lsm_guard_map, struct bpf_map *map)
{
	return refuse(is_bound() && is_guarded_object(GUARDED_MAP, peek(map, id)));
}

/* One of the sensor's programs off its hook, or another in its place. */
SEC("fmod_ret/security_bpf")
int BPF_PROG(lsm_guard_detach, int command, union bpf_attr *attributes)
{
	if ((command != BPF_COMMAND_LINK_DETACH && command != BPF_COMMAND_LINK_UPDATE) || !is_bound())
		return 0;
	struct file *file = file_of(peek(attributes, link_detach.link_fd)); /* where link_update has its own too */
	struct bpf_link *link = file ? peek(file, private_data) : NULL;
	return refuse(link && is_guarded_object(GUARDED_LINK, peek(link, id)));
}

#endif
