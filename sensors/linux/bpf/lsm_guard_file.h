/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The watcher's files: not to be changed, moved, mounted over or taken away; and its key not to be read.
 *
 *   tier lsm   security_inode_*   asked for the file itself, whatever led to it: a path, a descriptor, io_uring, an upper
 *                                 layer of overlayfs (which asks no security_path_*); truncation by open() asks setattr
 *              security_sb_*      mounts
 *   not refused   access control lists (security_inode_set_acl, 6.2); the device below the file system
 */
#ifndef SPOOR_LSM_GUARD_FILE_H
#define SPOOR_LSM_GUARD_FILE_H

#include "file_change.h"
#include "lsm_guard.h"

/* mount(2): what is there stays, with other flags or another propagation. */
#define MS_REMOUNT 32
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20) /* UNBINDABLE, PRIVATE, SLAVE, SHARED */

/* To be written; and the host key not to be read either. */
SEC("fmod_ret/security_file_open")
int BPF_PROG(lsm_guard_open, struct file *file)
{
	if (!is_bound())
		return 0;
	struct dentry *dentry = peek(file, f_path.dentry);
	if (peek(file, f_mode) & FMODE_WRITE)
		return refuse(is_guarded(dentry));
	return refuse(guard.has_secrets &&
		      (guarded_as(peek(dentry, d_parent)) & GUARDED_SECRET || may_be_any(dentry)));
}

SEC("fmod_ret/security_inode_create")
int BPF_PROG(lsm_guard_create, struct inode *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_unlink")
int BPF_PROG(lsm_guard_unlink, struct inode *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_rmdir")
int BPF_PROG(lsm_guard_rmdir, struct inode *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

/* Neither away, nor in the place of a guarded one, nor with a folder that a guarded one lies in. */
SEC("fmod_ret/security_inode_rename")
int BPF_PROG(lsm_guard_rename, struct inode *old_directory, struct dentry *old, struct inode *new_directory,
	     struct dentry *new)
{
	return refuse(is_bound() && (is_guarded(old) || is_guarded(new) || guarded_as(old) || guarded_as(new)));
}

/* Mode, owner, size and times, also by open() with O_TRUNC, which need not ask to write. */
SEC("fmod_ret/security_inode_setattr")
int BPF_PROG(lsm_guard_setattr, void *mapping, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_setxattr")
int BPF_PROG(lsm_guard_setxattr, void *mapping, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_removexattr")
int BPF_PROG(lsm_guard_removexattr, void *mapping, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_mknod")
int BPF_PROG(lsm_guard_mknod, struct inode *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_mkdir")
int BPF_PROG(lsm_guard_mkdir, struct inode *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

SEC("fmod_ret/security_inode_symlink")
int BPF_PROG(lsm_guard_symlink, struct inode *directory, struct dentry *dentry)
{
	return refuse(is_bound() && is_guarded(dentry));
}

/* A second name outside would be a way around; a name inside, a file slipped in. */
SEC("fmod_ret/security_inode_link")
int BPF_PROG(lsm_guard_link, struct dentry *old, struct inode *new_directory, struct dentry *new)
{
	return refuse(is_bound() && (is_guarded(old) || is_guarded(new)));
}

static __always_inline int refuse_flags(struct file *file, u32 command)
{
	return refuse(is_setting_flags(command) && is_bound() && is_guarded(peek(file, f_path.dentry)));
}

/* "Immutable" and "append only" stop also who has the file open already. */
SEC("fmod_ret/security_file_ioctl")
int BPF_PROG(lsm_guard_flags, struct file *file, unsigned int command)
{
	return refuse_flags(file, command);
}

SEC("fmod_ret/security_file_ioctl_compat")
int BPF_PROG(lsm_guard_flags_compat, struct file *file, unsigned int command)
{
	return refuse_flags(file, command);
}

/* Whether what is mounted by the caller shows where the watcher or the host looks. In a mount namespace of its own, as
 * every sandbox makes one, it may do what it likes with its copies, unless they are shared with those outside. */
static __always_inline bool shows_outside(struct vfsmount *at)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 mounts = peek(peek(peek(task, nsproxy), mnt_ns), ns.inum);
	struct mount *mount = (void *)at - bpf_core_field_offset(struct mount, mnt);
	return mounts == guard.own_mounts || mounts == guard.host_mounts || peek(mount, mnt_group_id);
}

SEC("fmod_ret/security_sb_mount")
int BPF_PROG(lsm_guard_mount, const char *device, const struct path *path, const char *type, unsigned long flags)
{
	if (!is_bound())
		return 0;
	struct dentry *dentry = peek(path, dentry);
	bool over = !(flags & (MS_REMOUNT | MS_PROPAGATION)) && guarded_as(dentry);
	return refuse((over || is_guarded(dentry)) && shows_outside(peek(path, mnt)));
}

SEC("fmod_ret/security_move_mount")
int BPF_PROG(lsm_guard_move_mount, const struct path *from, const struct path *to)
{
	if (!is_bound())
		return 0;
	struct dentry *dentry = peek(to, dentry);
	return refuse((guarded_as(dentry) || is_guarded(dentry)) && shows_outside(peek(to, mnt)));
}

/* With the mount goes what is guarded in it. */
SEC("fmod_ret/security_sb_umount")
int BPF_PROG(lsm_guard_umount, struct vfsmount *mount)
{
	if (!is_bound())
		return 0;
	struct dentry *root = peek(mount, mnt_root);
	return refuse((guarded_as(root) || is_guarded(root)) && shows_outside(mount));
}

#endif
