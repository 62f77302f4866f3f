/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* network.accept, network.listen, network.raw: sockets that wait, take, or are of an unusual kind.
 *
 *   both tiers        tp_btf/inet_sock_set_state   CLOSE to LISTEN, in the context of whoever calls listen()
 *                     tp_btf/sys_exit              accept, accept4: the new descriptor's socket; socket(): its kind
 *   seen by neither   a datagram socket that only waits: it shows when something comes
 */
#ifndef SPOOR_NETWORK_SOCKET_H
#define SPOOR_NETWORK_SOCKET_H

#include "network_address.h"

#define AF_UNIX 1
#define SOCK_TYPE_MASK 0xf

static __always_inline struct sock *socket_of_file(struct file *file)
{
	if (!file || (peek(peek(file, f_inode), i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	struct socket *socket = peek(file, private_data);
	return socket ? peek(socket, sk) : NULL;
}

static __always_inline struct sock *socket_of(int descriptor)
{
	return socket_of_file(file_of(descriptor));
}

static __always_inline int seen_socket(struct session *session, const struct sock *sk, u32 act)
{
	struct scratch *scratch = reserve(session->hook, KIND_NETWORK_SOCKET, sizeof(struct network_socket),
					  bpf_get_current_task_btf(), session->id);
	if (!scratch)
		return 0;
	struct network_socket *event = (void *)scratch->bytes;
	socket_addresses(sk, &event->local, &event->peer);
	if (act == SOCKET_LISTEN)
		__builtin_memset(&event->peer.address, 0, sizeof(event->peer.address));
	event->act = act;
	event->error = 0;
	event->family = peek(sk, __sk_common.skc_family);
	event->type = peek(sk, sk_type);
	event->protocol = peek(sk, sk_protocol);
	event->spare = 0;
	submit(scratch);
	return 0;
}

static __always_inline int seen_accepted(struct session *session, struct sock *sk)
{
	if (!sk || !is_internet(peek(sk, __sk_common.skc_family)))
		return 0;
	return seen_socket(session, sk, SOCKET_ACCEPT);
}

static __always_inline int seen_accept(struct session *session, long result)
{
	return result >= 0 ? seen_accepted(session, socket_of(result)) : 0;
}

/* socket(): unix sockets and the streams and datagrams of IP tell themselves when they are used. */
static __always_inline int seen_socket_made(struct session *session, u32 family, u32 type, u32 protocol, long result)
{
	type &= SOCK_TYPE_MASK;
	if (family == AF_UNIX || (is_internet(family) && (type == SOCK_STREAM || type == SOCK_DGRAM)))
		return 0;
	struct scratch *scratch = reserve(session->hook, KIND_NETWORK_SOCKET, sizeof(struct network_socket),
					  bpf_get_current_task_btf(), session->id);
	if (!scratch)
		return 0;
	struct network_socket *event = (void *)scratch->bytes;
	__builtin_memset(&event->local, 0, sizeof(event->local));
	__builtin_memset(&event->peer, 0, sizeof(event->peer));
	event->act = SOCKET_RAW;
	event->error = result < 0 ? -result : 0;
	event->family = family;
	event->type = type;
	event->protocol = protocol;
	event->spare = 0;
	submit(scratch);
	return 0;
}

#endif
