/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* process.exec: a program was started. Sent for every process of the host: ancestry needs the others too.
 *
 *   both tiers        tp_btf/sched_process_exec   the new program is mapped and cannot fail any more
 *   seen by neither   an exec that failed: its errno shows at the end of the call only
 */
#ifndef SPOOR_PROCESS_EXEC_H
#define SPOOR_PROCESS_EXEC_H

#include "file_use.h"
#include "system_call.h"
#include "text.h"

/* Arguments kept of one exec; past it the first and the last half are kept and the record says so. A power of two:
 * the verifier follows a mask, not a comparison. */
#define MAX_ARGS_BYTES 32768
#define HALF_ARGS_BYTES (MAX_ARGS_BYTES / 2)

static __always_inline bool append_args(struct scratch *scratch, unsigned long from, u32 bytes)
{
	u32 used = scratch->used;
	if (used > SCRATCH_BYTES - MAX_ARGS_BYTES || bytes > MAX_ARGS_BYTES)
		return false;
	if (bpf_probe_read_user(scratch->bytes + used, bytes, (void *)from))
		return false;
	scratch->used = used + bytes;
	return true;
}

#define TMPFS_MAGIC 0x01021994
#define OVERLAYFS_MAGIC 0x794c7630
#define CGROUP_DEPTH 32

/* Up to 6.14 the parent had no underscores. */
struct kernfs_node___plain_parent {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));
struct kernfs_node___counted_parent {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *node_above(struct kernfs_node *node)
{
	struct kernfs_node___counted_parent *counted = (void *)node;
	struct kernfs_node___plain_parent *plain = (void *)node;
	if (bpf_core_field_exists(counted->__parent))
		return BPF_CORE_READ(counted, __parent);
	return BPF_CORE_READ(plain, parent);
}

struct cgroup_walk {
	struct scratch *scratch;
	struct kernfs_node *node; /* NULL: at the root */
};

static long cgroup_step(u32 depth, struct cgroup_walk *walk)
{
	struct scratch *scratch = walk->scratch;
	struct kernfs_node *above = node_above(walk->node);
	u32 used = scratch->used;
	if (!above) {
		walk->node = NULL;
		return 1;
	}
	if (used > SCRATCH_BYTES - 2 * (NAME_BYTES + 1))
		return 1;
	long length = bpf_probe_read_kernel_str(scratch->bytes + used, NAME_BYTES + 1, peek(walk->node, name));
	if (length <= 0)
		return 1;
	scratch->used = used + length;
	walk->node = above;
	return 0;
}

/* The cgroup's names, leaf first; the root has none. bpf_loop(): 6.1 takes a loop for endless (a back-edge) when the
 * instruction before its head is a call. */
static __always_inline void append_cgroup(struct scratch *scratch, struct task_struct *task, struct path_text *text)
{
	u32 begin = scratch->used;
	struct cgroup_walk walk = { .scratch = scratch, .node = peek(peek(peek(task, cgroups), dfl_cgrp), kn) };
	if (walk.node)
		bpf_loop(CGROUP_DEPTH, cgroup_step, &walk, 0);
	text->flags = walk.node ? PATH_CUT : 0;
	text->text_bytes = scratch->used - begin;
}

static __always_inline void namespaces_of(struct task_struct *task, struct namespaces *to)
{
	struct nsproxy *all = peek(task, nsproxy);
	struct pid *pid = peek(task, thread_pid);
	struct upid innermost = {};
	u32 level = peek(pid, level);
	bpf_probe_read_kernel(&innermost, sizeof(innermost),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid));
	to->mount = peek(peek(all, mnt_ns), ns.inum);
	to->pid = peek(innermost.ns, ns.inum);
	to->net = peek(peek(all, net_ns), ns.inum);
	to->user = peek(peek(peek(task, cred), user_ns), ns.inum);
}

/* overlayfs keeps the upper layer's dentry right behind its inode (fs/overlayfs/ovl_entry.h, struct ovl_inode). */
static __always_inline u32 place_of(struct inode *inode, u32 path_flags)
{
	u64 magic = peek(peek(inode, i_sb), s_magic);
	if (path_flags & PATH_UNPLACED || (magic == TMPFS_MAGIC && !peek(inode, i_nlink)))
		return EXEC_IN_MEMORY;
	if (magic == OVERLAYFS_MAGIC) {
		void *upper = NULL;
		bpf_probe_read_kernel(&upper, sizeof(upper), (void *)inode + bpf_core_type_size(struct inode));
		return upper ? EXEC_UPPER_LAYER : 0;
	}
	return 0;
}

static __always_inline int seen_exec(struct task_struct *task, struct linux_binprm *program)
{
	struct session *session = session_at(HOOK_PROCESS_EXEC);
	u32 around = session ? session->id : 0;
	if (session)
		seen_program_end(task, session);
	u32 tag = is_suspect(task, program) ? new_suspect_tag() : 0;
	if (tag) {
		struct session suspect = { .id = tag, .around = around };
		if (session) {
			suspect.slot = session->slot;
			suspect.within = is_certain_tag(around) ? around : session->within;
		}
		credentials_of(task, &suspect.credentials);
		set_session(HOOK_PROCESS_EXEC, task, &suspect);
	}
	struct scratch *scratch = reserve(HOOK_PROCESS_EXEC, KIND_PROCESS_EXEC, sizeof(struct process_exec), task,
					  tag ? tag : around);
	if (!scratch)
		return 0;
	struct process_exec *event = (void *)scratch->bytes;
	if (session)
		credentials_of(task, &session->credentials);
	process_identity(peek(task, real_parent), &event->parent);
	file_identity(peek(peek(program, file), f_inode), &event->executable);
	event->uid = peek(peek(task, cred), uid.val);
	event->euid = peek(peek(task, cred), euid.val);
	event->gid = peek(peek(task, cred), gid.val);
	event->egid = peek(peek(task, cred), egid.val);
	event->args_count = peek(program, argc);
	event->flags = peek(program, filename) == peek(program, interp) ? 0 : EXEC_INTERPRETED;
	namespaces_of(task, &event->namespaces);
	event->around = around;
	event->spare = 0;

	unsigned long begin = peek(peek(task, mm), arg_start);
	unsigned long total = peek(peek(task, mm), arg_end) - begin;
	u32 before = scratch->used;
	bool read;
	event->args_total_bytes = total;
	if (total > MAX_ARGS_BYTES) {
		event->flags |= EXEC_ARGS_CUT;
		read = append_args(scratch, begin, HALF_ARGS_BYTES) &&
		       append_args(scratch, begin + total - HALF_ARGS_BYTES, HALF_ARGS_BYTES);
	} else {
		read = append_args(scratch, begin, total);
	}
	if (!read)
		event->flags |= EXEC_ARGS_UNREADABLE;
	event->args_bytes = scratch->used - before;

	event->called_bytes = append_kernel_string(scratch, peek(program, filename));
	if (event->called_bytes == MAX_CLAIMED_BYTES - 1)
		event->flags |= EXEC_CALLED_CUT;
	append_path(scratch, peek(peek(program, file), f_path.mnt), peek(peek(program, file), f_path.dentry),
		    &event->executable_path);
	append_path(scratch, peek(peek(task, fs), pwd.mnt), peek(peek(task, fs), pwd.dentry),
		    &event->working_directory);
	append_cgroup(scratch, task, &event->cgroup);
	event->flags |= place_of(peek(peek(program, file), f_inode), event->executable_path.flags);
	/* Most suspects are none: the sooner they are told so, the less is reported of them for nothing. */
	hand_over(scratch, tag && !around ? READER_HURRIES : READER_GATHERS);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(both_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *program)
{
	return seen_exec(task, program);
}

#endif
