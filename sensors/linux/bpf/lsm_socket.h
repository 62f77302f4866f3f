/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Bytes of network.close where the kernel has no tracepoints for them (before 6.3): what each call on a socket of IP
 * came to, whatever made it. Loaded only there (addon/programs.c).
 *
 *   tier lsm          fexit/inet_sendmsg, inet6_sendmsg, inet_sendpage      write, send, sendfile, io_uring
 *                     fexit/inet_recvmsg, inet6_recvmsg, tcp_splice_read   read, receive, splice
 *   seen by neither   tcp_zerocopy_receive: pages that are mapped out of a socket
 */
#ifndef SPOOR_LSM_SOCKET_H
#define SPOOR_LSM_SOCKET_H

#include "network_flow.h"

SEC("fexit/inet_sendmsg")
int BPF_PROG(lsm_sent, struct socket *socket, struct msghdr *message, size_t size, int bytes)
{
	return seen_sent(HOOK_INET_SENDMSG, socket->sk, bytes);
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(lsm_sent_6, struct socket *socket, struct msghdr *message, size_t size, int bytes)
{
	return seen_sent(HOOK_INET6_SENDMSG, socket->sk, bytes);
}

SEC("fexit/inet_sendpage")
int BPF_PROG(lsm_sent_page, struct socket *socket, struct page *page, int offset, size_t size, int flags, ssize_t bytes)
{
	return seen_sent(HOOK_INET_SENDPAGE, socket->sk, bytes);
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(lsm_received, struct socket *socket, struct msghdr *message, size_t size, int flags, int bytes)
{
	return seen_received(HOOK_INET_RECVMSG, socket->sk, bytes, flags);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(lsm_received_6, struct socket *socket, struct msghdr *message, size_t size, int flags, int bytes)
{
	return seen_received(HOOK_INET6_RECVMSG, socket->sk, bytes, flags);
}

SEC("fexit/tcp_splice_read")
int BPF_PROG(lsm_received_splice, struct socket *socket, loff_t *position, struct pipe_inode_info *pipe, size_t size,
	     unsigned int flags, ssize_t bytes)
{
	return seen_received(HOOK_SPLICE_READ, socket->sk, bytes, 0);
}

#endif
