/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* unix.connect: a process of a session talks to another through a unix socket: tmux, D-Bus, docker, systemd. The way
 * on which work leaves a session's tree.
 *
 *   tier tracepoint   tp_btf/sys_exit   connect; sendto and sendmsg to a named socket
 *   seen by neither   a descriptor of an already connected socket, handed over
 */
#ifndef SPOOR_UNIX_CONNECT_H
#define SPOOR_UNIX_CONNECT_H

#include "calls_ia32.h"
#include "network_socket.h"
#include "text.h"

#define SUN_PATH_OFFSET 2
#define SUN_PATH_BYTES 108

/* The process that a struct pid names, by the kernel's own links. */
static __always_inline void identity_of_pid(struct pid *pid, struct process_id *to)
{
	to->pid = peek(pid, numbers[0].nr);
	to->start_ns = 0;
	to->spare = 0;
	struct hlist_node *first = peek(pid, tasks[PIDTYPE_PID].first);
	if (!first)
		return;
	struct task_struct *task = (void *)first - bpf_core_field_offset(struct task_struct, pid_links) -
				   PIDTYPE_PID * sizeof(struct hlist_node);
	to->start_ns = peek(peek(task, group_leader), start_boottime);
	to->pid = peek(task, tgid);
}

/* The name that the caller gave, as it stands now; its length is the caller's too. */
static __always_inline u32 append_unix_name(struct scratch *scratch, const void *address, u32 length)
{
	u32 used = scratch->used;
	u32 bytes = length > SUN_PATH_OFFSET ? length - SUN_PATH_OFFSET : 0;
	if (bytes > SUN_PATH_BYTES)
		bytes = SUN_PATH_BYTES;
	/* 6.1 forgets the limit where the compiler puts the number aside; a mask right before the call it follows. */
	if (used > SCRATCH_BYTES - MAX_CLAIMED_BYTES || !bytes ||
	    bpf_probe_read_user(scratch->bytes + used, bounded(bytes, 127), address + SUN_PATH_OFFSET))
		return 0;
	scratch->used = used + bytes;
	return bytes;
}

static __noinline int seen_unix_connect(struct session *session, const struct sock *sk, const void *address,
					     u32 length, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct path_text nothing = {};
	struct scratch *scratch = reserve(session->hook, KIND_UNIX_CONNECT, sizeof(struct unix_connect), task,
					  session->id);
	if (!scratch)
		return 0;
	struct unix_connect *event = (void *)scratch->bytes;
	event->error = result < 0 ? -result : 0;
	event->flags = 0;
	event->peer_session = 0;
	event->spare = 0;
	__builtin_memset(&event->peer, 0, sizeof(event->peer));
	u32 name_at = scratch->used;
	event->name_bytes = append_unix_name(scratch, address, length);
	event->path = nothing;

	struct unix_sock *own = (void *)sk;
	struct unix_sock *other = result >= 0 ? (void *)peek(own, peer) : NULL;
	struct pid *peer = result >= 0 ? peek(sk, sk_peer_pid) : NULL;
	if (peer)
		identity_of_pid(peer, &event->peer);
	struct dentry *bound = other ? peek(other, path.dentry) : NULL;
	if (bound) {
		event->flags |= CHANGE_RESOLVED;
		append_path(scratch, peek(other, path.mnt), bound, &event->path);
	} else if (event->name_bytes && name_at < SCRATCH_BYTES && scratch->bytes[name_at]) {
		append_start(scratch, name_at, event->name_bytes, AT_FDCWD, &event->path);
	}
	submit(scratch);
	return 0;
}

/* sendto(), sendmsg() with an address: of unix datagrams only. */
static __always_inline int seen_unix_send(struct session *session, int descriptor, const void *address, u32 length,
					  long result)
{
	u16 family = 0;
	if (!address || bpf_probe_read_user(&family, sizeof(family), address) || family != AF_UNIX)
		return 0;
	struct sock *sk = socket_of(descriptor);
	if (!sk || peek(sk, __sk_common.skc_family) != AF_UNIX)
		return 0;
	return seen_unix_connect(session, sk, address, length, result < 0 ? result : 0);
}

/* How struct msghdr begins, on either width. */
struct message_name {
	u64 address;
	u32 bytes;
};

static __always_inline bool name_of_message(const void *message, struct message_name *name)
{
	name->address = 0;
	name->bytes = 0;
	u32 pointer_bytes = has_narrow_pointers() ? sizeof(u32) : sizeof(u64);
	return !bpf_probe_read_user(&name->address, pointer_bytes, message) &&
	       !bpf_probe_read_user(&name->bytes, sizeof(name->bytes), message + pointer_bytes);
}

static __always_inline int seen_sendmsg(struct session *session, int descriptor, const void *message, long result)
{
	struct message_name name;
	if (!name_of_message(message, &name) || !name.address)
		return 0;
	return seen_unix_send(session, descriptor, (void *)name.address, name.bytes, result);
}

#endif
