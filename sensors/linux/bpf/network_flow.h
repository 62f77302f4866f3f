/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* network.close: what went over a socket of a session, told when it is closed. And the head of what went over it, for
 * the names in it (dns.query, tls.hello).
 *
 *   both tiers        tp_btf/sock_send_length, sock_recv_length   bytes of each call, whatever made it: write, sendto,
 *                                                                 sendfile, splice, io_uring (6.3)
 *   tier lsm          lsm_socket.h                                the same, before 6.3
 *   both tiers        cgroup/sock_release                         the last descriptor of the socket is closed
 *                     cgroup_skb/egress, ingress                  heads of packets: DNS, first bytes of TCP
 *   seen by neither   bytes of a socket that no process of a session ever sent or received on
 */
#ifndef SPOOR_NETWORK_FLOW_H
#define SPOOR_NETWORK_FLOW_H

#include "network_datagram.h"
#include "network_named.h"
#include "network_served.h"

/* Of one packet at the beginning of a TCP connection, and of all of them: a ClientHello with post-quantum key shares
 * has 1.8 KB; up to 16 KB are legal, and past that the hello is not told. */
#define MAX_HELLO_BYTES 4096
#define MAX_HELLO_STREAM_BYTES 16384
/* Of one DNS message over UDP: EDNS(0) messages are rarely above 1232 bytes; the rest of a larger one is cut. */
#define MAX_DNS_BYTES 2048
#define DNS_PORT 53
#define TLS_HANDSHAKE 22 /* first byte of a TLS record, RFC 8446, 5.1 */

static __always_inline int seen_sent(u32 hook, struct sock *sk, long bytes)
{
	if (bytes <= 0)
		return 0;
	struct flow *flow = flow_of(hook, sk);
	if (flow)
		__sync_fetch_and_add(&flow->sent, bytes);
	else if (sk->sk_bpf_storage)
		seen_served(hook, sk);
	return 0;
}

static __always_inline int seen_received(u32 hook, struct sock *sk, long bytes, int flags)
{
	if (bytes <= 0 || flags & MSG_PEEK)
		return 0; /* a peek leaves the bytes to be received again */
	struct flow *flow = flow_of(hook, sk);
	if (flow)
		__sync_fetch_and_add(&flow->received, bytes);
	else if (sk->sk_bpf_storage)
		seen_served(hook, sk);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(both_sock_sent, struct sock *sk, int bytes, int flags)
{
	return seen_sent(HOOK_SEND_LENGTH, sk, bytes);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(both_sock_received, struct sock *sk, int bytes, int flags)
{
	return seen_received(HOOK_RECV_LENGTH, sk, bytes, flags);
}

static __always_inline int seen_flow_end(struct flow *flow)
{
	if (__sync_lock_test_and_set(&flow->told, 1))
		return 0;
	const struct sock *sk = (void *)flow->sk;
	struct peers_told peers = {};
	if (flow->peers)
		tell_peers(flow, &peers);
	if (flow->peers && peers.sent >= flow->sent && peers.received >= flow->received)
		return 0; /* each peer was told, and they are all there is */
	struct scratch *scratch = reserve(HOOK_SOCK_RELEASE, KIND_NETWORK_CLOSE, sizeof(struct network_close),
					  bpf_get_current_task_btf(), flow->session);
	if (!scratch)
		return 0;
	struct network_close *event = (void *)scratch->bytes;
	about_flow(&event->record, flow);
	socket_addresses(sk, &event->local, &event->peer);
	event->begin_ns = flow->begin_ns;
	event->sent_bytes = event->received_bytes = NOT_COUNTED;
	if (settings.counts_socket_bytes) {
		event->sent_bytes = flow->sent > peers.sent ? flow->sent - peers.sent : 0;
		event->received_bytes = flow->received > peers.received ? flow->received - peers.received : 0;
	}
	event->protocol = peek(sk, sk_protocol);
	event->spare = 0;
	submit(scratch);
	return 0;
}

SEC("cgroup/sock_release")
int both_sock_release(struct bpf_sock *context)
{
	struct flow *flow = bpf_sk_storage_get(&flows, context, NULL, 0);
	if (flow)
		seen_flow_end(flow);
	return 1;
}

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86DD

/* Where the transport's payload begins; 0 when the packet is none of ours to read. */
static __always_inline u32 payload_of(struct __sk_buff *packet, u32 *protocol, u32 *sequence, u16 *source, u16 *target)
{
	u8 first;
	u32 at;
	if (bpf_skb_load_bytes(packet, 0, &first, 1))
		return 0;
	if (first >> 4 == 4) {
		u8 next;
		if (bpf_skb_load_bytes(packet, 9, &next, 1))
			return 0;
		*protocol = next;
		at = (first & 15) * 4;
	} else if (first >> 4 == 6) {
		u8 next;
		/* Extension headers are rare on what is read here; a packet that has them is left alone. */
		if (bpf_skb_load_bytes(packet, 6, &next, 1))
			return 0;
		*protocol = next;
		at = 40;
	} else {
		return 0;
	}
	__be16 ports[2];
	if (bpf_skb_load_bytes(packet, at, ports, sizeof(ports)))
		return 0;
	*source = bpf_ntohs(ports[0]);
	*target = bpf_ntohs(ports[1]);
	if (*protocol == IPPROTO_UDP)
		return at + 8;
	if (*protocol == IPPROTO_TCP) {
		u8 offset;
		__be32 number;
		if (bpf_skb_load_bytes(packet, at + 4, &number, 4) || bpf_skb_load_bytes(packet, at + 12, &offset, 1))
			return 0;
		*sequence = bpf_ntohl(number);
		return at + (offset >> 4) * 4;
	}
	return 0;
}

static __always_inline void tell_payload(struct __sk_buff *packet, struct flow *flow, u32 at, u32 bytes, u32 limit,
					 struct network_payload *what)
{
	const struct sock *sk = (void *)flow->sk;
	u32 hook = what->incoming ? HOOK_INGRESS : HOOK_EGRESS;
	struct scratch *scratch = reserve(hook, KIND_NETWORK_PAYLOAD, sizeof(struct network_payload),
					  bpf_get_current_task_btf(), flow->session);
	if (!scratch)
		return;
	struct network_payload *event = (void *)scratch->bytes;
	u32 kept = bytes > limit ? limit : bytes;
	about_flow(&event->record, flow);
	socket_addresses(sk, &event->local, &event->peer);
	event->socket = flow->sk;
	event->offset = what->offset;
	event->use = what->use;
	event->protocol = what->protocol;
	event->incoming = what->incoming;
	event->total_bytes = bytes;
	event->payload_bytes = kept;
	/* 1 to MAX_HELLO_BYTES for every verifier: before 6.8 "is not 0" taught it nothing of the least value. */
	u64 read = bounded(kept - 1, MAX_HELLO_BYTES - 1) + 1;
	if (!kept || kept > MAX_HELLO_BYTES ||
	    bpf_skb_load_bytes(packet, at, scratch->bytes + sizeof(*event), read)) {
		release(scratch);
		count_lost(hook, KIND_NETWORK_PAYLOAD);
		return;
	}
	scratch->used += kept;
	/* An unconnected datagram socket does not know who it talks to: the packet does. */
	if (!event->peer.port)
		event->peer = what->peer;
	submit(scratch);
}

/* A packet of a process outside every session. */
static __always_inline void seen_named(struct __sk_buff *packet, struct bpf_sock *sk)
{
	u32 protocol = 0, sequence = 0;
	u16 source = 0, target = 0;
	struct task_struct *task = bpf_get_current_task_btf();
	u32 at = payload_of(packet, &protocol, &sequence, &source, &target);
	if (!at || packet->len <= at || !task->tgid)
		return; /* sent by the kernel, for somebody who is not known here */
	u32 bytes = packet->len - at;
	struct network_payload what = { .protocol = protocol };
	struct flow sender = {};
	/* As a number: of the pointer itself the verifier allows no field but those of struct bpf_sock. */
	bpf_probe_read_kernel(&sender.sk, sizeof(sender.sk), &sk);
	if (protocol == IPPROTO_UDP) {
		if (target != DNS_PORT || !asks_for_named(packet, at))
			return;
		what.use = PAYLOAD_DNS;
	} else {
		if (!greets_named(packet, at))
			return;
		what.use = PAYLOAD_TCP_BEGIN;
	}
	sender.start_ns = peek(peek(task, group_leader), start_boottime);
	sender.pid = task->tgid;
	sender.thread_id = task->pid;
	packet_peer(packet, false, target, &what.peer);
	tell_payload(packet, &sender, at, bytes, protocol == IPPROTO_UDP ? MAX_DNS_BYTES : MAX_HELLO_BYTES, &what);
}

static __always_inline void seen_packet(struct __sk_buff *packet, bool incoming)
{
	struct bpf_sock *sk = packet->sk;
	if (!sk)
		return;
	sk = bpf_sk_fullsock(sk);
	if (!sk)
		return;
	struct flow *flow = bpf_sk_storage_get(&flows, sk, NULL, 0);
	if (!flow)
		return;
	u32 protocol = 0, sequence = 0;
	u16 source = 0, target = 0;
	if (flow->hello == HELLO_DONE)
		return; /* of TCP only */
	u32 at = payload_of(packet, &protocol, &sequence, &source, &target);
	if (!at || packet->len <= at)
		return;
	u32 bytes = packet->len - at;
	struct network_payload what = { .protocol = protocol, .incoming = incoming };
	if (protocol == IPPROTO_UDP)
		seen_datagram(packet, flow, incoming, source, target, bytes);
	if (source == DNS_PORT || target == DNS_PORT) {
		what.use = PAYLOAD_DNS;
		if (protocol == IPPROTO_TCP) {
			if (!flow->first_sequence)
				flow->first_sequence = sequence;
			what.offset = sequence;
		}
		packet_peer(packet, incoming, incoming ? source : target, &what.peer);
		tell_payload(packet, flow, at, bytes, MAX_DNS_BYTES, &what);
		return;
	}
	if (protocol != IPPROTO_TCP || incoming) {
		if (protocol == IPPROTO_TCP && incoming && flow->hello == HELLO_UNKNOWN)
			flow->hello = HELLO_DONE; /* the other side speaks first: no ClientHello of ours will come */
		return;
	}
	if (flow->hello == HELLO_UNKNOWN) {
		u8 head[5] = {};
		bpf_skb_load_bytes(packet, at, head, bytes < sizeof(head) ? 1 : sizeof(head));
		flow->first_sequence = sequence;
		flow->hello = head[0] == TLS_HANDSHAKE ? HELLO_GOING : HELLO_DONE;
		if (head[0] != TLS_HANDSHAKE)
			return;
		/* One record holds the hello of all but a few clients; a second is looked for within the same limit. */
		flow->hello_bytes = bytes < sizeof(head) ? MAX_HELLO_STREAM_BYTES :
							   sizeof(head) + (head[3] << 8 | head[4]);
	}
	what.use = PAYLOAD_TCP_BEGIN;
	what.offset = sequence - flow->first_sequence;
	if (what.offset >= MAX_HELLO_STREAM_BYTES) {
		flow->hello = HELLO_DONE;
		return;
	}
	tell_payload(packet, flow, at, bytes, MAX_HELLO_BYTES, &what);
	if (what.offset + bytes >= flow->hello_bytes)
		flow->hello = HELLO_DONE;
}

/* The first datagram of a socket that has no peer: its flow must be there when its packet is looked at, and is made here,
 * in the caller's context. Stands before both_packet_out and so runs before it. */
SEC("cgroup_skb/egress")
int tracepoint_datagram_first(struct __sk_buff *packet)
{
	struct bpf_sock *sk = packet->sk;
	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (sk && sk->protocol == IPPROTO_UDP)
		flow_of_sender(sk);
	return 1;
}

/* The same where trampolines are: before the datagram is made. */
SEC("fentry/security_socket_sendmsg")
int BPF_PROG(lsm_datagram_first, struct socket *socket, struct msghdr *message, int bytes)
{
	struct sock *sk = socket->sk;
	if (sk && sk->sk_protocol == IPPROTO_UDP)
		flow_of(HOOK_SOCKET_SENDMSG, sk);
	return 0;
}

/* A program of its own, for its stack: the one below has none left. */
SEC("cgroup_skb/egress")
int both_packet_named(struct __sk_buff *packet)
{
	struct bpf_sock *sk = packet->sk;
	if (!sk)
		return 1;
	sk = bpf_sk_fullsock(sk);
	if (sk && may_name(packet, sk) && !bpf_sk_storage_get(&flows, sk, NULL, 0))
		seen_named(packet, sk);
	return 1;
}

SEC("cgroup_skb/egress")
int both_packet_out(struct __sk_buff *packet)
{
	seen_packet(packet, false);
	return 1;
}

SEC("cgroup_skb/ingress")
int both_packet_in(struct __sk_buff *packet)
{
	seen_packet(packet, true);
	return 1;
}

#endif
