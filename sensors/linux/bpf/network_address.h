/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Addresses: as the kernel's socket holds them, and as a caller gave them. */
#ifndef SPOOR_NETWORK_ADDRESS_H
#define SPOOR_NETWORK_ADDRESS_H

#include "report.h"

#define MSG_PEEK 2

/* Inode of the socket's network namespace. */
static __always_inline u32 network_of(const struct sock *sk)
{
	return peek(peek(sk, __sk_common.skc_net.net), ns.inum);
}

static __always_inline void socket_addresses(const struct sock *sk, struct network_address *local,
					     struct network_address *peer)
{
	const struct inet_sock *inet = (void *)sk;
	u16 family = peek(sk, __sk_common.skc_family);
	__builtin_memset(local, 0, sizeof(*local));
	__builtin_memset(peer, 0, sizeof(*peer));
	local->family = peer->family = family;
	local->net = network_of(sk);
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

#endif
