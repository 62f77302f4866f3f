/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* network.served: a process outside every session uses the other end of a session's TCP connection on this host. With
 * it the collector knows both ends of the connection, and who works for the session at the far one.
 *
 *   both tiers        tp_btf/inet_sock_set_state   SYN_SENT to ESTABLISHED: the session's end, kept by its addresses;
 *                                                  SYN_RECV to ESTABLISHED: the other end, which comes later
 *                     tp_btf/sock_send_length, sock_recv_length   who sends or receives on that end (6.3)
 *   seen by neither   a connection whose addresses are translated on the way (NAT): its ends differ
 */
#ifndef SPOOR_NETWORK_SERVED_H
#define SPOOR_NETWORK_SERVED_H

#include "network_address.h"

/* Connections whose other end may still appear: microseconds apart. 40 B each; past it the oldest is forgotten. */
#define MAX_OWN_ENDS 1024
/* Users of one end that are told: who accepted it, whom it was handed to. More of them take turns. */
#define MAX_SERVERS_TOLD 4
#define LOOPBACK_NET 127

struct ends {
	u8 near[16];
	u8 far[16];
	u16 near_port;
	u16 far_port;
	u32 net; /* network namespace of a loopback address, which each of them has; else 0 */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_OWN_ENDS);
	__type(key, struct ends);
	__type(value, u8);
} own_ends SEC(".maps");

struct served {
	u64 start_ns; /* with pid: who used it last */
	u32 pid;
	u32 told;
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct served);
} served_sockets SEC(".maps");

/* IPv4 within IPv6 (RFC 4291, 2.5.5.2): a server may hold one form and its client the other. */
static __always_inline void plain_address(const struct network_address *address, u8 *to)
{
	const u32 *words = (const void *)address->address;
	if (address->family == AF_INET6 && !words[0] && !words[1] && words[2] == bpf_htonl(0xffff))
		*(u32 *)to = words[3];
	else
		__builtin_memcpy(to, address->address, sizeof(address->address));
}

static __always_inline bool is_loopback(const u8 *address)
{
	const u32 *words = (const void *)address;
	if (!words[1] && !words[2] && !words[3])
		return address[0] == LOOPBACK_NET;
	return !words[0] && !words[1] && !words[2] && words[3] == bpf_htonl(1);
}

static __always_inline void ends_of(const struct network_address *near, const struct network_address *far, u32 net,
				    struct ends *ends)
{
	__builtin_memset(ends, 0, sizeof(*ends));
	plain_address(near, ends->near);
	plain_address(far, ends->far);
	ends->near_port = near->port;
	ends->far_port = far->port;
	if (is_loopback(ends->far))
		ends->net = net;
}

/* A connection of a session stands. */
static __always_inline void note_own_end(const struct sock *sk)
{
	struct network_address local, peer;
	struct ends ends;
	u8 there = 1;
	socket_addresses(sk, &local, &peer);
	ends_of(&local, &peer, local.net, &ends);
	bpf_map_update_elem(&own_ends, &ends, &there, BPF_ANY);
}

/* A connection stands at the end that was listening: is a session's process at the other? */
static __always_inline int seen_other_end(struct sock *sk)
{
	struct network_address local, peer;
	struct ends ends;
	socket_addresses(sk, &local, &peer);
	ends_of(&peer, &local, local.net, &ends);
	if (bpf_map_delete_elem(&own_ends, &ends))
		return 0;
	if (!bpf_sk_storage_get(&served_sockets, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE))
		count_lost(HOOK_SOCK_SET_STATE, KIND_NETWORK_SOCKET);
	return 0;
}

/* Somebody outside sent or received on a socket that has storage. */
static __always_inline void seen_served(u32 hook, struct sock *sk)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct served *served = bpf_sk_storage_get(&served_sockets, sk, NULL, 0);
	if (!served || served->told >= MAX_SERVERS_TOLD)
		return;
	u64 start_ns = peek(peek(task, group_leader), start_boottime);
	if (served->pid == task->tgid && served->start_ns == start_ns)
		return;
	served->pid = task->tgid;
	served->start_ns = start_ns;
	served->told++;
	struct scratch *scratch = reserve(hook, KIND_NETWORK_SOCKET, sizeof(struct network_socket), task, 0);
	if (!scratch)
		return;
	struct network_socket *event = (void *)scratch->bytes;
	socket_addresses(sk, &event->local, &event->peer);
	event->act = SOCKET_SERVED;
	event->error = 0;
	event->family = peek(sk, __sk_common.skc_family);
	event->type = SOCK_STREAM;
	event->protocol = IPPROTO_TCP;
	event->spare = 0;
	scratch->class = SHED_NEVER;
	/* Until the collector has tagged the process, nothing of what it does is reported. */
	hand_over(scratch, READER_HURRIES);
}

#endif
