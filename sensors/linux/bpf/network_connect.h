/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* network.connect: a TCP connection was made or refused, a UDP socket was given a peer. One event an attempt.
 *
 *   both tiers        tp_btf/inet_sock_set_state   TCP: CLOSE to SYN_SENT is the attempt, in its caller's context;
 *                                                  SYN_SENT to ESTABLISHED or CLOSE is the outcome, in anybody's
 *   tier tracepoint   tp_btf/sys_exit              connect() of UDP; TCP refused before a SYN was sent
 *   both tiers        tp_btf/tcp_destroy_sock      a socket closed before its attempt had an outcome: ECONNABORTED
 *   seen by neither   the address of an attempt that was refused for an unreadable sockaddr
 *
 * The outcome is the socket's own, so it is the true one for non-blocking sockets, fast open and io_uring too.
 */
#ifndef SPOOR_NETWORK_CONNECT_H
#define SPOOR_NETWORK_CONNECT_H

#include "report.h"

#define ECONNABORTED 103
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115
#define EINTR 4

/* Sockets of sessions with an attempt begun, until they are destroyed. 120 B each, so 2 MB; past it an attempt is
 * lost, and counted. By address and not in the socket's storage: the end of connect() knows the socket by its
 * descriptor only, which the verifier does not follow. */
#define MAX_ATTEMPTS 16384

struct attempt {
	struct network_address peer;
	u64 start_ns;
	u32 pid;
	u32 thread_id;
	u32 session;
	u32 told;  /* the outcome was reported ... */
	u32 error; /* ... and was this: connect() then returns the same one */
	u32 spare;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_ATTEMPTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct attempt);
} attempts SEC(".maps");

static __always_inline void socket_addresses(const struct sock *sk, struct network_address *local,
					     struct network_address *peer)
{
	const struct inet_sock *inet = (void *)sk;
	u16 family = peek(sk, __sk_common.skc_family);
	__builtin_memset(local, 0, sizeof(*local));
	__builtin_memset(peer, 0, sizeof(*peer));
	local->family = peer->family = family;
	local->port = peek(inet, inet_sport);
	peer->port = peek(sk, __sk_common.skc_dport);
	if (family == AF_INET6) {
		BPF_CORE_READ_INTO(&local->address, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&peer->address, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	} else {
		BPF_CORE_READ_INTO((u32 *)local->address, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((u32 *)peer->address, sk, __sk_common.skc_daddr);
	}
}

static __always_inline bool is_internet(u16 family)
{
	return family == AF_INET || family == AF_INET6;
}

static __always_inline int tell_attempt(u64 key, struct attempt *attempt, u32 error)
{
	const struct sock *sk = (void *)key;
	if (__sync_lock_test_and_set(&attempt->told, 1))
		return 0;
	attempt->error = error;
	struct scratch *scratch = reserve(KIND_NETWORK_CONNECT, sizeof(struct network_connect),
					  bpf_get_current_task_btf(), attempt->session);
	if (!scratch)
		return 0;
	struct network_connect *event = (void *)scratch->bytes;
	event->record.start_ns = attempt->start_ns;
	event->record.pid = attempt->pid;
	event->record.thread_id = attempt->thread_id;
	socket_addresses(sk, &event->local, &event->peer);
	event->peer = attempt->peer;
	event->error = error;
	event->protocol = peek(sk, sk_protocol);
	submit(scratch);
	return 0;
}

static __always_inline int tell_attempt_of(u64 key, u32 error)
{
	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
	return attempt ? tell_attempt(key, attempt, error) : 0;
}

/* In the context of whoever connects: only here is it known who that is. */
static __always_inline int seen_connect_begin(struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_of(task);
	u64 key = (u64)sk;
	if (!session) {
		bpf_map_delete_elem(&attempts, &key); /* left by a socket that was at this address before */
		return 0;
	}
	struct attempt attempt = {
		.start_ns = peek(peek(task, group_leader), start_boottime),
		.pid = task->tgid,
		.thread_id = task->pid,
		.session = session->id,
	};
	struct network_address local;
	tell_attempt_of(key, ECONNABORTED); /* an earlier attempt, given up for this one */
	socket_addresses(sk, &local, &attempt.peer);
	if (bpf_map_update_elem(&attempts, &key, &attempt, BPF_ANY))
		count_lost(KIND_NETWORK_CONNECT);
	return 0;
}

static __always_inline int seen_socket_destroyed(struct sock *sk)
{
	u64 key = (u64)sk;
	/* Closed by its owner before an answer came. */
	tell_attempt_of(key, ECONNABORTED);
	bpf_map_delete_elem(&attempts, &key);
	return 0;
}

/* The address that the caller gave: of attempts that never reached the socket. */
static __always_inline bool claimed_address(const void *from, struct network_address *to)
{
	u16 family = 0;
	bpf_probe_read_user(&family, sizeof(family), from);
	__builtin_memset(to, 0, sizeof(*to));
	to->family = family;
	if (family == AF_INET) {
		struct sockaddr_in in;
		if (bpf_probe_read_user(&in, sizeof(in), from))
			return false;
		to->port = in.sin_port;
		__builtin_memcpy(to->address, &in.sin_addr, 4);
		return true;
	}
	if (family == AF_INET6) {
		struct sockaddr_in6 in;
		if (bpf_probe_read_user(&in, sizeof(in), from))
			return false;
		to->port = in.sin6_port;
		__builtin_memcpy(to->address, &in.sin6_addr, 16);
		return true;
	}
	return false;
}

/* connect() returned. */
static __always_inline int seen_connect_returned(struct session *session, int descriptor, const void *address,
						 long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 error = result < 0 ? -result : 0;
	struct file *file = file_of(descriptor);
	struct network_address claimed;
	if (!file || (peek(peek(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return 0;
	struct socket *socket = peek(file, private_data);
	struct sock *sk = peek(socket, sk);
	u16 protocol = peek(sk, sk_protocol);
	u16 type = peek(sk, sk_type);
	u16 family = peek(sk, __sk_common.skc_family);
	if (!is_internet(family))
		return 0;
	if (protocol == IPPROTO_TCP) {
		/* Success is told by the socket's state. These are no outcome: still under way, done before. */
		if (!error || error == EINPROGRESS || error == EALREADY || error == EISCONN || error == EINTR ||
		    (error >= ERESTARTSYS && error <= ERESTART_LAST))
			return 0;
		u64 key = (u64)sk;
		struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
		if (attempt && !attempt->told)
			return tell_attempt(key, attempt, error);
		if (attempt && (attempt->error == error || error == ECONNABORTED))
			return 0;
	} else if (protocol != IPPROTO_UDP || type != SOCK_DGRAM) {
		return 0;
	}
	/* A peer of AF_UNSPEC takes the peer away. */
	bool readable = claimed_address(address, &claimed);
	if (!readable)
		return 0;
	struct scratch *scratch =
		reserve(KIND_NETWORK_CONNECT, sizeof(struct network_connect), task, session->id);
	if (!scratch)
		return 0;
	struct network_connect *event = (void *)scratch->bytes;
	socket_addresses(sk, &event->local, &event->peer);
	if (error)
		event->peer = claimed;
	event->error = error;
	event->protocol = protocol;
	submit(scratch);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(both_sock_state, struct sock *sk, int old, int new)
{
	if (old == TCP_CLOSE && new == TCP_SYN_SENT && peek(sk, sk_protocol) == IPPROTO_TCP)
		return seen_connect_begin(sk);
	if (old != TCP_SYN_SENT)
		return 0;
	if (new == TCP_ESTABLISHED)
		return tell_attempt_of((u64)sk, 0);
	if (new != TCP_CLOSE)
		return 0;
	u32 error = peek(sk, sk_err);
	/* Without an error of the socket's, connect() itself is failing (no route, no free port) and will say why
	 * when it returns; or the owner closes the socket, which is then destroyed. */
	return error ? tell_attempt_of((u64)sk, error) : 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(both_sock_destroyed, struct sock *sk)
{
	return seen_socket_destroyed(sk);
}

#endif
