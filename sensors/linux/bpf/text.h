/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Appends texts to a record: paths walked from the kernel's own dentries, strings of the kernel and of the caller.
 *
 * Each function returns what it appended, and leaves scratch->used behind it.
 */
#ifndef SPOOR_TEXT_H
#define SPOOR_TEXT_H

#include "report.h"

/* Names of one path. Each costs three reads; past it the path is marked PATH_CUT and its leaf's end is kept. */
#define MAX_PATH_NAMES 512
/* Bytes of one path. Longer ones exist (mkdirat under a deep directory); they are marked PATH_CUT. */
#define MAX_PATH_BYTES 8192
#define NAME_BYTES 255 /* NAME_MAX; qstr.len of every file system Linux has */
/* A called or claimed path; PATH_MAX is what getname() takes. */
#define MAX_CLAIMED_BYTES 4096

#define MNT_INTERNAL 0x4000 /* include/linux/mount.h: a mount of the kernel's own (memfd, pipefs, sockfs) */

/* One name and its NUL. */
static __always_inline void append_name(struct scratch *scratch, const struct dentry *dentry)
{
	u32 used = scratch->used;
	u32 length = peek(dentry, d_name.len) & NAME_BYTES;
	if (used > SCRATCH_BYTES - 2 * (NAME_BYTES + 1))
		return;
	bpf_probe_read_kernel(scratch->bytes + used, length, peek(dentry, d_name.name));
	scratch->bytes[bounded(used + length, SCRATCH_BYTES - 1)] = 0;
	scratch->used = used + length + 1;
}

struct walk {
	struct scratch *scratch;
	struct dentry *dentry;
	struct vfsmount *mount;
	u32 limit; /* of scratch->used */
	u32 flags;
};

/* One step to the root: names the dentry and goes to its parent, or from a mount's root to where it is mounted. */
static long walk_step(u32 step, struct walk *walk)
{
	struct dentry *dentry = walk->dentry;
	struct vfsmount *within = walk->mount;
	struct dentry *parent = peek(dentry, d_parent);
	struct dentry *root = peek(within, mnt_root);
	if (dentry == root || dentry == parent) {
		struct mount *mount = (void *)within - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = peek(mount, mnt_parent);
		/* A dentry that is its own parent but not its mount's root was moved away under the walk
		 * (a directory renamed out of a bind mount): the rest of its path is in no mount. */
		if (dentry != root)
			walk->flags |= PATH_UNREACHABLE;
		if (mount == above || dentry != root) {
			if (!peek(mount, mnt_ns))
				walk->flags |= PATH_UNREACHABLE;
			walk->dentry = NULL;
			return 1;
		}
		walk->dentry = peek(mount, mnt_mountpoint);
		walk->mount = (void *)above + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	if (walk->scratch->used + NAME_BYTES + 1 > walk->limit)
		return 1;
	append_name(walk->scratch, dentry);
	walk->dentry = parent;
	return 0;
}

static __noinline void append_path(struct scratch *scratch, struct vfsmount *mount, struct dentry *dentry,
				   struct path_text *text)
{
	u32 begin = scratch->used;
	struct walk walk = { .scratch = scratch, .dentry = dentry, .mount = mount, .limit = begin + MAX_PATH_BYTES };
	text->text_bytes = 0;
	text->flags = 0;
	if (!mount || !dentry)
		return;
	if (peek(mount, mnt_flags) & MNT_INTERNAL) {
		append_name(scratch, dentry);
		text->text_bytes = scratch->used - begin;
		text->flags = PATH_UNPLACED;
		return;
	}
	/* d_unhashed(): unlink and rename-over take a dentry out of the hash, O_TMPFILE never puts it in. */
	if (!peek(dentry, d_hash.pprev) && peek(mount, mnt_root) != dentry)
		walk.flags |= PATH_DELETED;
	bpf_loop(MAX_PATH_NAMES, walk_step, &walk, 0);
	if (walk.dentry)
		walk.flags |= PATH_CUT;
	text->text_bytes = scratch->used - begin;
	text->flags = walk.flags;
}

/* A string of the kernel's, without its NUL. */
static __always_inline u32 append_kernel_string(struct scratch *scratch, const char *string)
{
	u64 used = bounded(scratch->used, SCRATCH_BYTES - 1);
	if (used > SCRATCH_BYTES - MAX_CLAIMED_BYTES)
		return 0;
	long length = bpf_probe_read_kernel_str(scratch->bytes + used, MAX_CLAIMED_BYTES, string);
	if (length <= 1)
		return 0;
	scratch->used = used + length - 1;
	return length - 1;
}

/* A string of the caller's, without its NUL; -EFAULT when its page is not there. */
static __always_inline long append_user_string(struct scratch *scratch, const char *string)
{
	u64 used = bounded(scratch->used, SCRATCH_BYTES - 1);
	if (used > SCRATCH_BYTES - MAX_CLAIMED_BYTES)
		return 0;
	long length = bpf_probe_read_user_str(scratch->bytes + used, MAX_CLAIMED_BYTES, string);
	if (length <= 0)
		return length;
	scratch->used = used + length - 1;
	return length - 1;
}

/* The directory that a text of the caller's starts from: the root of an absolute one (a chroot's root is the host's
 * directory), else the one it named by a descriptor, else the current one. */
static __noinline void append_start(struct scratch *scratch, u32 text_at, u32 text_bytes, int directory,
				    struct path_text *text)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool absolute = text_bytes && text_at < SCRATCH_BYTES && scratch->bytes[text_at] == '/';
	text->text_bytes = 0;
	text->flags = 0;
	if (absolute) {
		append_path(scratch, peek(peek(task, fs), root.mnt), peek(peek(task, fs), root.dentry), text);
	} else if (directory == AT_FDCWD) {
		append_path(scratch, peek(peek(task, fs), pwd.mnt), peek(peek(task, fs), pwd.dentry), text);
	} else {
		struct file *file = file_of(directory);
		if (file)
			append_path(scratch, peek(file, f_path.mnt), peek(file, f_path.dentry), text);
	}
}

#endif
