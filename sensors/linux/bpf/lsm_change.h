/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* file.create, .delete, .rename, .link, .attributes, .truncate on the tier lsm: by the kernel's own objects, asked for
 * by whatever call. The outcome is the call's (lsm_call.h, lsm_uring.h).
 *
 *   tier lsm          fentry/security_path_*              names, mode, owner, size: with mount and dentry
 *                     fentry/vfs_utimes                   times
 *                     fentry/security_inode_*xattr        dentry; the mount is what mnt_want_write() was asked for
 *                     fexit/vfs_mkdir, _mknod, _symlink   the inode that was made
 *                     tp_btf/sys_exit                     what failed before: the name led nowhere, or was there
 *   tier tracepoint   file_change.h
 */
#ifndef SPOOR_LSM_CHANGE_H
#define SPOOR_LSM_CHANGE_H

#include "file_change.h"
#include "lsm_act.h"
#include "syscall_exit.h"

#define ATTR_SIZE 8 /* include/linux/fs.h, struct iattr */

/* Begins to hold a change that a call `like` this makes; NULL when there is nothing to tell. */
static __always_inline struct scratch *hold_change(u32 hook, u32 like)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_at(hook);
	struct path_text nothing = {};
	struct task_act *act = session ? act_of(task) : NULL;
	if (!act)
		return NULL;
	struct scratch *scratch = hold(act, hook, KIND_FILE_CHANGE, sizeof(struct file_change), task,
				       session->id);
	if (!scratch)
		return NULL;
	struct file_change *event = (void *)scratch->bytes;
	__builtin_memset(&event->file, 0, sizeof(event->file));
	__builtin_memset(event->values, 0, sizeof(event->values));
	event->call = like;
	event->error = 0;
	event->flags = CHANGE_RESOLVED;
	event->first_bytes = event->second_bytes = 0;
	event->spare = 0;
	event->first = event->second = nothing;
	return scratch;
}

static __always_inline void identify(struct file_change *event, struct dentry *dentry)
{
	struct inode *inode = peek(dentry, d_inode);
	if (inode)
		file_identity(inode, &event->file);
}

static __always_inline bool is_watched(void)
{
	return session_of(bpf_get_current_task_btf()) != NULL;
}

/* Of an open that creates or empties its file the open is told. */
static __always_inline bool is_opening(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	u64 call = regs->orig_ax;
	return call < MAX_CALLS && classes[bounded(call, MAX_CALLS - 1)] == CLASS_OPEN &&
	       !(task->thread_info.status & TS_COMPAT);
}

/* One file: a name in the directory `at`, or, where that is NULL, the file at `at` itself. Nothing is read before it is
 * known that somebody is watched: outside sessions a hook costs one load. */
static __always_inline struct file_change *change_of(u32 hook, u32 like, const struct path *at, struct dentry *name)
{
	struct scratch *scratch = hold_change(hook, like);
	if (!scratch)
		return NULL;
	struct vfsmount *mount = peek(at, mnt);
	struct dentry *dentry = name ? name : peek(at, dentry);
	struct file_change *event = (void *)scratch->bytes;
	identify(event, dentry);
	append_path(scratch, mount, dentry, &event->first);
	/* A name that is yet to be has no place in the hash; one that is gone from there is still the one to be
	 * changed. */
	event->first.flags &= ~PATH_DELETED;
	return event;
}

SEC("fentry/security_path_rename")
int BPF_PROG(lsm_rename, const struct path *old_directory, struct dentry *old, const struct path *new_directory,
	     struct dentry *new, unsigned int flags)
{
	struct scratch *scratch = hold_change(HOOK_RENAME, NR_RENAMEAT2);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	identify(event, old);
	event->values[4] = flags;
	event->flags |= CHANGE_SECOND;
	append_path(scratch, peek(new_directory, mnt), new, &event->first);
	append_path(scratch, peek(old_directory, mnt), old, &event->second);
	event->first.flags &= ~PATH_DELETED;
	return 0;
}

SEC("fentry/security_path_link")
int BPF_PROG(lsm_link, struct dentry *old, const struct path *new_directory, struct dentry *new)
{
	struct scratch *scratch = hold_change(HOOK_LINK, NR_LINKAT);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	identify(event, old);
	event->flags |= CHANGE_SECOND;
	/* Both names lie in one mount (fs/namei.c, do_linkat()). */
	append_path(scratch, peek(new_directory, mnt), new, &event->first);
	append_path(scratch, peek(new_directory, mnt), old, &event->second);
	event->first.flags &= ~PATH_DELETED;
	return 0;
}

SEC("fentry/security_path_symlink")
int BPF_PROG(lsm_symlink, const struct path *directory, struct dentry *dentry, const char *target)
{
	struct scratch *scratch = hold_change(HOOK_SYMLINK, NR_SYMLINKAT);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	event->flags |= CHANGE_SECOND;
	event->second_bytes = append_kernel_string(scratch, target);
	append_path(scratch, peek(directory, mnt), dentry, &event->first);
	event->first.flags &= ~PATH_DELETED;
	return 0;
}

SEC("fentry/security_path_unlink")
int BPF_PROG(lsm_unlink, const struct path *directory, struct dentry *dentry)
{
	change_of(HOOK_UNLINK, NR_UNLINK, directory, dentry);
	return 0;
}

SEC("fentry/security_path_rmdir")
int BPF_PROG(lsm_rmdir, const struct path *directory, struct dentry *dentry)
{
	change_of(HOOK_RMDIR, NR_RMDIR, directory, dentry);
	return 0;
}

SEC("fentry/security_path_mkdir")
int BPF_PROG(lsm_mkdir, const struct path *directory, struct dentry *dentry, umode_t mode)
{
	struct file_change *event = change_of(HOOK_MKDIR, NR_MKDIRAT, directory, dentry);
	if (event)
		event->values[2] = mode;
	return 0;
}

SEC("fentry/security_path_mknod")
int BPF_PROG(lsm_mknod, const struct path *directory, struct dentry *dentry, umode_t mode)
{
	if (!is_watched() || is_opening())
		return 0;
	struct file_change *event = change_of(HOOK_MKNOD, NR_MKNODAT, directory, dentry);
	if (event)
		event->values[2] = mode;
	return 0;
}

SEC("fentry/security_path_chmod")
int BPF_PROG(lsm_chmod, const struct path *path, umode_t mode)
{
	struct file_change *event = change_of(HOOK_CHMOD, NR_FCHMODAT, path, NULL);
	if (event)
		event->values[2] = mode;
	return 0;
}

SEC("fentry/security_path_chown")
int BPF_PROG(lsm_chown, const struct path *path, u64 uid, u64 gid)
{
	struct file_change *event = change_of(HOOK_CHOWN, NR_FCHOWNAT, path, NULL);
	if (event) {
		event->values[2] = (u32)uid;
		event->values[3] = (u32)gid;
	}
	return 0;
}

SEC("fentry/security_path_truncate")
int BPF_PROG(lsm_truncate, const struct path *path)
{
	if (is_watched() && !is_opening())
		change_of(HOOK_PATH_TRUNCATE, NR_TRUNCATE, path, NULL);
	return 0;
}

SEC("fentry/security_file_truncate")
int BPF_PROG(lsm_truncate_file, struct file *file)
{
	if (is_watched() && !is_opening())
		change_of(HOOK_FILE_TRUNCATE, NR_TRUNCATE, __builtin_preserve_access_index(&file->f_path), NULL);
	return 0;
}

/* Says the size that the hooks before do not know. */
SEC("fentry/security_inode_setattr")
int BPF_PROG(lsm_size, void *mapping, struct dentry *dentry, struct iattr *attributes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_act *act = session_of(task) ? known_act(task) : NULL;
	struct scratch *scratch = act ? held_by(act) : NULL;
	if (!scratch || !(peek(attributes, ia_valid) & ATTR_SIZE))
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	if (event->record.kind == KIND_FILE_CHANGE && event->call == NR_TRUNCATE)
		event->values[1] = peek(attributes, ia_size);
	return 0;
}

SEC("fentry/vfs_utimes")
int BPF_PROG(lsm_times, const struct path *path)
{
	change_of(HOOK_UTIMES, NR_UTIMENSAT, path, NULL);
	return 0;
}

SEC("fentry/mnt_want_write")
int BPF_PROG(lsm_want_write, struct vfsmount *mount)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_act *act = session_of(task) ? act_of(task) : NULL;
	if (act && (act->claimed || !act->held))
		act->mount = (u64)mount;
	return 0;
}

/* The name of an extended attribute, on a dentry of the mount that was asked for. */
static __always_inline int attribute_change(u32 hook, u32 like, struct dentry *dentry, const char *name)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_act *act = session_of(task) ? known_act(task) : NULL;
	struct vfsmount *mount = act ? (void *)act->mount : NULL;
	if (!mount || peek(mount, mnt_sb) != peek(dentry, d_sb))
		return 0;
	struct scratch *scratch = hold_change(hook, like);
	if (!scratch)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	identify(event, dentry);
	event->flags |= CHANGE_SECOND;
	event->second_bytes = append_kernel_string(scratch, name);
	append_path(scratch, mount, dentry, &event->first);
	return 0;
}

SEC("fentry/security_inode_setxattr")
int BPF_PROG(lsm_set_attribute, void *mapping, struct dentry *dentry, const char *name)
{
	return attribute_change(HOOK_SETXATTR, NR_SETXATTR, dentry, name);
}

SEC("fentry/security_inode_removexattr")
int BPF_PROG(lsm_remove_attribute, void *mapping, struct dentry *dentry, const char *name)
{
	return attribute_change(HOOK_REMOVEXATTR, NR_REMOVEXATTR, dentry, name);
}

/* What was made is known once it is there. */
static __always_inline int made(struct dentry *dentry, long failed)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_act *act = session_of(task) ? known_act(task) : NULL;
	struct scratch *scratch = act ? held_by(act) : NULL;
	if (!scratch || failed)
		return 0;
	struct file_change *event = (void *)scratch->bytes;
	if (event->record.kind == KIND_FILE_CHANGE)
		identify(event, dentry);
	return 0;
}

SEC("fexit/vfs_mkdir")
int BPF_PROG(lsm_made_folder, void *mapping, struct inode *directory, struct dentry *dentry, umode_t mode, int failed)
{
	return made(dentry, failed);
}

SEC("fexit/vfs_mknod")
int BPF_PROG(lsm_made_node, void *mapping, struct inode *directory, struct dentry *dentry, umode_t mode, dev_t device,
	     int failed)
{
	return made(dentry, failed);
}

SEC("fexit/vfs_symlink")
int BPF_PROG(lsm_made_link, void *mapping, struct inode *directory, struct dentry *dentry, const char *target,
	     int failed)
{
	return made(dentry, failed);
}

/* The call that made the change has ended. `like`: it keeps the number and the values of the hook's like call. */
static __always_inline int change_ended(struct task_act *act, u32 error, struct call_args *regs, u32 call)
{
	struct scratch *scratch = held_by(act);
	act->held = act->claimed = 0;
	if (!scratch)
		return 0;
	if (error >= ERESTARTSYS && error <= ERESTART_LAST) {
		release(scratch);
		return 0;
	}
	struct file_change *event = (void *)scratch->bytes;
	event->error = error;
	if (call)
		event->call = call;
	if (regs) {
		event->values[0] = regs->di;
		event->values[1] = regs->si;
		event->values[2] = regs->dx;
		event->values[3] = regs->r10;
		event->values[4] = regs->r8;
		event->values[5] = regs->r9;
	}
	submit(scratch);
	return 0;
}

#endif
