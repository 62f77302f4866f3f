/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Nothing to be mounted over the watcher's files or a folder that leads to them, nor unmounted from under them.
 *
 *   tier lsm   security_sb_mount, security_move_mount, security_sb_umount
 *   not refused   mount() with MS_MOVE of a mount that leads to them, for which the kernel asks only where it goes;
 *                 pivot_root()
 */
#ifndef SPOOR_LSM_GUARD_MOUNT_H
#define SPOOR_LSM_GUARD_MOUNT_H

#include "lsm_guard.h"

/* mount(2): what is there stays, with other flags or another propagation. */
#define MS_REMOUNT 32
#define MS_PROPAGATION (1 << 17 | 1 << 18 | 1 << 19 | 1 << 20) /* UNBINDABLE, PRIVATE, SLAVE, SHARED */

/* Whether what is mounted by the caller shows where the watcher or the host looks. In a mount namespace of its own, as
 * every sandbox makes one, it may do what it likes with its copies, unless they are shared with those outside. */
static __always_inline bool shows_outside(struct vfsmount *at)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 mounts = peek(peek(peek(task, nsproxy), mnt_ns), ns.inum);
	struct mount *mount = (void *)at - bpf_core_field_offset(struct mount, mnt);
	return mounts == guard.own_mounts || mounts == guard.host_mounts || peek(mount, mnt_group_id);
}

struct way {
	struct vfsmount *mount;
	struct dentry *dentry;
	bool leads;
};

/* One step to the root of the mounts: what lies above a guarded place is guarded as that, but not where a mount covers
 * it. A second sight of the same file system (mount --bind / /mnt) is no way to anything. */
static long way_step(u32 step, struct way *way)
{
	struct dentry *dentry = way->dentry;
	if (dentry == peek(way->mount, mnt_root)) {
		struct mount *mount = (void *)way->mount - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = peek(mount, mnt_parent);
		way->leads = mount == above;
		if (way->leads)
			return 1;
		way->dentry = peek(mount, mnt_mountpoint);
		way->mount = (void *)above + bpf_core_field_offset(struct mount, mnt);
		return peek(dentry, d_sb) == peek(way->dentry, d_sb);
	}
	way->dentry = peek(dentry, d_parent);
	return way->dentry == dentry || !(guarded_as(way->dentry) & GUARDED_ABOVE);
}

/* A folder by which the host comes to something guarded; one that a chroot sees in another place is not. */
static __noinline bool is_on_the_way(struct vfsmount *mount, struct dentry *dentry)
{
	struct way way = { .mount = mount, .dentry = dentry };
	if (guarded_as(dentry) & GUARDED_ABOVE)
		bpf_loop(MAX_GUARDED_DEPTH, way_step, &way, 0);
	return way.leads;
}

SEC("fmod_ret/security_sb_mount")
int BPF_PROG(lsm_guard_mount, const char *device, const struct path *path, const char *type, unsigned long flags)
{
	if (!is_bound())
		return 0;
	struct dentry *dentry = peek(path, dentry);
	bool over = !(flags & (MS_REMOUNT | MS_PROPAGATION)) && is_on_the_way(peek(path, mnt), dentry);
	return refuse((over || is_guarded(dentry)) && shows_outside(peek(path, mnt)));
}

SEC("fmod_ret/security_move_mount")
int BPF_PROG(lsm_guard_move_mount, const struct path *from, const struct path *to)
{
	if (!is_bound())
		return 0;
	struct dentry *dentry = peek(to, dentry);
	bool over = is_on_the_way(peek(to, mnt), dentry);
	return refuse((over || is_guarded(dentry)) && shows_outside(peek(to, mnt)));
}

/* With the mount goes what is guarded in it. */
SEC("fmod_ret/security_sb_umount")
int BPF_PROG(lsm_guard_umount, struct vfsmount *mount)
{
	if (!is_bound())
		return 0;
	struct dentry *root = peek(mount, mnt_root);
	return refuse((is_on_the_way(mount, root) || is_guarded(root)) && shows_outside(mount));
}

#endif
