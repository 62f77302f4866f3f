/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The watcher's files: not to be changed, moved or taken away; and its key not to be read.
 *
 *   tier lsm   security_inode_*   asked for the file itself, whatever led to it: a path, a descriptor, io_uring, an upper
 *                                 layer of overlayfs (which asks no security_path_*); truncation by open() asks setattr
 *   not refused   access control lists (security_inode_set_acl, 6.2); the device below the file system
 */
#ifndef SPOOR_LSM_GUARD_FILE_H
#define SPOOR_LSM_GUARD_FILE_H

#include "file_change.h"
#include "lsm_guard.h"

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

#endif
