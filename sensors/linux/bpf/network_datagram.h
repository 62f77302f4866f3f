/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* network.connect, network.close of datagrams to and from peers that a socket was not connected to: one of each for each
 * peer of a socket.
 *
 *   both tiers        cgroup_skb/egress    where a datagram goes, whatever call sent it: sendto, sendmsg, sendmmsg,
 *                                          io_uring, splice; address and length are those of the packet
 *                     cgroup_skb/ingress   where one came from; its bytes count as received when they have arrived
 *                     cgroup/sock_release  the sums of each peer
 *   tier tracepoint   the first datagram of a socket begins its flow (tracepoint_datagram_first)
 *   tier lsm          fentry/security_socket_sendmsg does (lsm_datagram_first)
 *   seen by neither   what the network refuses before there is a packet (no route): no peer, no bytes
 */
#ifndef SPOOR_NETWORK_DATAGRAM_H
#define SPOOR_NETWORK_DATAGRAM_H

#include "flow.h"

/* Peers of all sockets of sessions. 150 B each with the entry that finds it again, made when they are needed; past it a
 * new peer is counted as a lost network.connect, and its bytes are told in the sum of the socket, without a peer. */
#define MAX_PEERS 16384

struct peer_key {
	u64 sk;
	u8 address[16];
	u16 port;
	u16 family;
	u32 spare;
};

struct peer_sums {
	u64 begin_ns;
	u64 sent;
	u64 received;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_PEERS);
	__type(key, struct peer_key);
	__type(value, struct peer_sums);
} peers SEC(".maps");

/* The peers of one socket: 0, 1, 2 ... as they were met. */
struct peer_number {
	u64 sk;
	u32 number;
	u32 spare;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_PEERS);
	__type(key, struct peer_number);
	__type(value, struct peer_key);
} peer_numbers SEC(".maps");

/* The flow of a socket that a packet leaves, in the context of whoever sends it. Sockets of the kernel's own (tunnels)
 * send in anybody's, and belong to nobody. */
static __always_inline struct flow *flow_of_sender(struct bpf_sock *sk)
{
	struct flow *flow = bpf_sk_storage_get(&flows, sk, NULL, 0);
	if (flow)
		return flow;
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_of(task);
	if (!session)
		return NULL;
	struct socket *socket = peek((struct sock *)(u64)sk, sk_socket);
	if (!socket || !peek(socket, file))
		return NULL;
	flow = bpf_sk_storage_get(&flows, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (flow)
		begin_flow(flow, (u64)sk, task, session);
	else
		count_lost(HOOK_EGRESS, KIND_NETWORK_CLOSE);
	return flow;
}

static __always_inline void packet_peer(struct __sk_buff *packet, bool incoming, u16 port, struct network_address *to)
{
	u8 first = 0;
	__builtin_memset(to, 0, sizeof(*to));
	bpf_skb_load_bytes(packet, 0, &first, 1);
	to->port = bpf_htons(port);
	if (first >> 4 == 4) {
		to->family = AF_INET;
		bpf_skb_load_bytes(packet, incoming ? 12 : 16, to->address, 4);
	} else {
		to->family = AF_INET6;
		bpf_skb_load_bytes(packet, incoming ? 8 : 24, to->address, 16);
	}
}

static __always_inline void tell_peer_met(struct __sk_buff *packet, struct flow *flow, const struct network_address *peer,
					  u16 source)
{
	struct scratch *scratch = reserve(HOOK_EGRESS, KIND_NETWORK_CONNECT, sizeof(struct network_connect),
					  bpf_get_current_task_btf(), flow->session);
	if (!scratch)
		return;
	struct network_connect *event = (void *)scratch->bytes;
	about_flow(&event->record, flow);
	packet_peer(packet, true, source, &event->local);
	event->local.net = network_of((void *)flow->sk);
	event->peer = *peer;
	event->error = 0;
	event->protocol = IPPROTO_UDP;
	submit(scratch);
}

/* A datagram of `bytes`, headers left out, to or from an address that the socket is not connected to. */
static __always_inline void seen_datagram(struct __sk_buff *packet, struct flow *flow, bool incoming, u16 source,
					  u16 target, u32 bytes)
{
	u16 connected = peek((struct sock *)flow->sk, __sk_common.skc_dport);
	struct network_address peer;
	if (connected && bpf_ntohs(connected) == (incoming ? source : target))
		return;
	packet_peer(packet, incoming, incoming ? source : target, &peer);
	struct peer_key key = { .sk = flow->sk, .port = peer.port, .family = peer.family };
	__builtin_memcpy(key.address, peer.address, sizeof(key.address));
	struct peer_sums *known = bpf_map_lookup_elem(&peers, &key);
	if (known) {
		__sync_fetch_and_add(incoming ? &known->received : &known->sent, bytes);
		return;
	}
	struct peer_sums first = {
		.begin_ns = bpf_ktime_get_boot_ns(),
		.sent = incoming ? 0 : bytes,
		.received = incoming ? bytes : 0,
	};
	if (bpf_map_update_elem(&peers, &key, &first, BPF_NOEXIST)) {
		count_lost(incoming ? HOOK_INGRESS : HOOK_EGRESS, KIND_NETWORK_CONNECT);
		return;
	}
	struct peer_number number = { .sk = flow->sk, .number = __sync_fetch_and_add(&flow->peers, 1) };
	if (bpf_map_update_elem(&peer_numbers, &number, &key, BPF_ANY)) {
		bpf_map_delete_elem(&peers, &key); /* nobody would find it at the end */
		count_lost(incoming ? HOOK_INGRESS : HOOK_EGRESS, KIND_NETWORK_CONNECT);
		return;
	}
	if (!incoming)
		tell_peer_met(packet, flow, &peer, source);
}

/* Sums over the peers of one socket that were told. */
struct peers_told {
	struct flow *flow;
	u64 sent;
	u64 received;
	u32 number;
	u32 spare;
};

static long tell_peer(u32 index, struct peers_told *told)
{
	struct flow *flow = told->flow;
	struct peer_number number = { .sk = flow->sk, .number = told->number };
	if (told->number++ >= flow->peers)
		return 1;
	struct peer_key *key = bpf_map_lookup_elem(&peer_numbers, &number);
	struct peer_sums *sums = key ? bpf_map_lookup_elem(&peers, key) : NULL;
	if (!sums)
		return 0;
	told->sent += sums->sent;
	told->received += sums->received;
	struct scratch *scratch = reserve(HOOK_SOCK_RELEASE, KIND_NETWORK_CLOSE, sizeof(struct network_close),
					  bpf_get_current_task_btf(), flow->session);
	if (scratch) {
		struct network_close *event = (void *)scratch->bytes;
		about_flow(&event->record, flow);
		socket_addresses((void *)flow->sk, &event->local, &event->peer);
		__builtin_memcpy(event->peer.address, key->address, sizeof(key->address));
		event->peer.port = key->port;
		event->peer.family = key->family;
		event->begin_ns = sums->begin_ns;
		event->sent_bytes = sums->sent;
		event->received_bytes = sums->received;
		event->protocol = IPPROTO_UDP;
		event->spare = 0;
		submit(scratch);
	}
	bpf_map_delete_elem(&peers, key);
	bpf_map_delete_elem(&peer_numbers, &number);
	return 0;
}

/* Tells the sums of each peer, and forgets it. */
static __always_inline void tell_peers(struct flow *flow, struct peers_told *told)
{
	told->flow = flow;
	bpf_loop(MAX_PEERS, tell_peer, told, 0);
}

#endif
