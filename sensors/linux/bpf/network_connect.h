/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* network.connect: a TCP connection was made or refused, a UDP socket was given a peer. One event an attempt.
 *
 *   both tiers        tp_btf/inet_sock_set_state   TCP: CLOSE to SYN_SENT is the attempt, in its caller's context;
 *                                                  SYN_SENT to ESTABLISHED or CLOSE is the outcome, in anybody's
 *   both tiers        tp_btf/sys_exit              connect() of vsock: the caller's address, a claim
 *   tier tracepoint   tp_btf/sys_exit              connect() of UDP; TCP refused before a SYN was sent
 *   both tiers        tp_btf/tcp_destroy_sock      a socket closed before its attempt had an outcome: ECONNABORTED
 *   seen by neither   the address of an attempt that was refused for an unreadable sockaddr
 *
 * The outcome is the socket's own, so it is the true one for non-blocking sockets, fast open and io_uring too.
 */
#ifndef SPOOR_NETWORK_CONNECT_H
#define SPOOR_NETWORK_CONNECT_H

#include "network_address.h"
#include "network_flow.h"
#include "network_socket.h"
#include "unix_connect.h"

#define AF_VSOCK 40
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

static __always_inline int tell_attempt(u32 hook, u64 key, struct attempt *attempt, u32 error)
{
	const struct sock *sk = (void *)key;
	if (__sync_lock_test_and_set(&attempt->told, 1))
		return 0;
	attempt->error = error;
	struct scratch *scratch = reserve(hook, KIND_NETWORK_CONNECT, sizeof(struct network_connect),
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

static __always_inline int tell_attempt_of(u32 hook, u64 key, u32 error)
{
	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
	return attempt ? tell_attempt(hook, key, attempt, error) : 0;
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
	tell_attempt_of(HOOK_SOCK_SET_STATE, key, ECONNABORTED); /* an earlier attempt, given up for this one */
	socket_addresses(sk, &local, &attempt.peer);
	if (bpf_map_update_elem(&attempts, &key, &attempt, BPF_ANY))
		count_lost(HOOK_SOCK_SET_STATE, KIND_NETWORK_CONNECT);
	flow_of(HOOK_SOCK_SET_STATE, sk);
	return 0;
}

static __always_inline int seen_socket_destroyed(struct sock *sk)
{
	u64 key = (u64)sk;
	/* Closed by its owner before an answer came. */
	tell_attempt_of(HOOK_DESTROY_SOCK, key, ECONNABORTED);
	bpf_map_delete_elem(&attempts, &key);
	return 0;
}

/* `address`: the caller's, NULL where only the kernel has it. */
static __noinline int seen_internet_connect(struct session *session, struct sock *sk, const void *address, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u32 error = result < 0 ? -result : 0;
	struct network_address claimed;
	u16 protocol = peek(sk, sk_protocol);
	u16 type = peek(sk, sk_type);
	if (protocol == IPPROTO_TCP) {
		/* Success is told by the socket's state. These are no outcome: still under way, done before. */
		if (!error || error == EINPROGRESS || error == EALREADY || error == EISCONN || error == EINTR ||
		    (error >= ERESTARTSYS && error <= ERESTART_LAST))
			return 0;
		u64 key = (u64)sk;
		struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
		if (attempt && !attempt->told)
			return tell_attempt(session->hook, key, attempt, error);
		if (attempt && (attempt->error == error || error == ECONNABORTED))
			return 0;
	} else if (protocol != IPPROTO_UDP || type != SOCK_DGRAM) {
		return 0;
	}
	/* A peer of AF_UNSPEC takes the peer away. */
	if (address ? !claimed_address(address, &claimed) : error || !peek(sk, __sk_common.skc_dport))
		return 0;
	struct scratch *scratch = reserve(session->hook, KIND_NETWORK_CONNECT, sizeof(struct network_connect), task,
					  session->id);
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

/* How struct sockaddr_vm begins, include/uapi/linux/vm_sockets.h. */
struct vsock_address {
	u16 family;
	u16 reserved;
	u32 port;
	u32 cid;
};

/* To a hypervisor or a virtual machine, past every IP filter. Its socket's type is a module's own, which no description
 * of the kernel's types holds: the address is the caller's, as it stands when connect() returns. */
static __always_inline int seen_vsock_connect(struct session *session, const void *address, long result)
{
	struct vsock_address to;
	if (!address || bpf_probe_read_user(&to, sizeof(to), address) || to.family != AF_VSOCK)
		return 0;
	struct scratch *scratch = reserve(session->hook, KIND_NETWORK_CONNECT, sizeof(struct network_connect),
					  bpf_get_current_task_btf(), session->id);
	if (!scratch)
		return 0;
	struct network_connect *event = (void *)scratch->bytes;
	__builtin_memset(&event->local, 0, sizeof(event->local));
	__builtin_memset(&event->peer, 0, sizeof(event->peer));
	event->local.family = event->peer.family = AF_VSOCK;
	*(u32 *)event->peer.address = to.cid;
	*(u32 *)(event->peer.address + sizeof(u32)) = to.port; /* of 32 bits */
	event->error = result < 0 ? -result : 0;
	event->protocol = 0;
	submit(scratch);
	return 0;
}

/* An attempt by connect() came to this. */
static __always_inline int seen_connect_of(struct session *session, struct sock *sk, const void *address, u32 length,
					   long result)
{
	u16 family = peek(sk, __sk_common.skc_family);
	if (family == AF_UNIX)
		return seen_unix_connect(session, sk, address, length, result);
	if (family == AF_VSOCK)
		return seen_vsock_connect(session, address, result);
	return is_internet(family) ? seen_internet_connect(session, sk, address, result) : 0;
}

static __always_inline int seen_connected(struct sock *sk)
{
	u64 key = (u64)sk;
	struct attempt *attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 0;
	note_own_end(sk);
	return tell_attempt(HOOK_SOCK_SET_STATE, key, attempt, 0);
}

/* connect() returned. */
static __always_inline int seen_connect_returned(struct session *session, int descriptor, const void *address,
						 u32 length, long result)
{
	struct sock *sk = socket_of(descriptor);
	return sk ? seen_connect_of(session, sk, address, length, result) : 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(both_sock_state, struct sock *sk, int old, int new)
{
	if (new == TCP_LISTEN) {
		struct session *session = session_at(HOOK_SOCK_SET_STATE);
		return session ? seen_socket(session, sk, SOCKET_LISTEN) : 0;
	}
	if (old == TCP_CLOSE && new == TCP_SYN_SENT && peek(sk, sk_protocol) == IPPROTO_TCP)
		return seen_connect_begin(sk);
	if (old == TCP_SYN_RECV && new == TCP_ESTABLISHED)
		return seen_other_end(sk);
	if (old != TCP_SYN_SENT)
		return 0;
	if (new == TCP_ESTABLISHED)
		return seen_connected(sk);
	if (new != TCP_CLOSE)
		return 0;
	u32 error = peek(sk, sk_err);
	/* Without an error of the socket's, connect() itself is failing (no route, no free port) and will say why
	 * when it returns; or the owner closes the socket, which is then destroyed. */
	return error ? tell_attempt_of(HOOK_SOCK_SET_STATE, (u64)sk, error) : 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(both_sock_destroyed, struct sock *sk)
{
	return seen_socket_destroyed(sk);
}

#endif
