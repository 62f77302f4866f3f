/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What is remembered of a socket of a session, in the socket's own storage: gone with it. */
#ifndef SPOOR_FLOW_H
#define SPOOR_FLOW_H

#include "network_address.h"

enum hello_state {
	HELLO_UNKNOWN = 0,
	HELLO_GOING = 1,
	HELLO_DONE = 2,
};

struct flow {
	u64 begin_ns;
	u64 start_ns; /* with pid: the process that first used the socket */
	u64 sent;
	u64 received;
	u64 sk;
	u32 pid;
	u32 thread_id;
	u32 session;
	u32 told;
	u32 hello;	 /* enum hello_state */
	u32 hello_bytes; /* its record's length, as its head says */
	u32 first_sequence;
	u32 peers; /* that datagrams went to or came from: network_datagram.h */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct flow);
} flows SEC(".maps");

static __always_inline void begin_flow(struct flow *flow, u64 sk, struct task_struct *task, struct session *session)
{
	flow->begin_ns = bpf_ktime_get_boot_ns();
	flow->start_ns = peek(peek(task, group_leader), start_boottime);
	flow->sk = sk;
	flow->pid = task->tgid;
	flow->thread_id = task->pid;
	flow->session = session->id;
}

/* Begins with the first act of a session's process on the socket; NULL when it is not the session's, or not IP. */
static __always_inline struct flow *flow_of(u32 hook, struct sock *sk)
{
	if (sk->sk_bpf_storage) {
		struct flow *known = bpf_sk_storage_get(&flows, sk, NULL, 0);
		if (known)
			return known;
	}
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_of(task);
	if (!session || !is_internet(sk->__sk_common.skc_family))
		return NULL;
	struct flow *flow = bpf_sk_storage_get(&flows, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!flow) {
		count_lost(hook, KIND_NETWORK_CLOSE);
		return NULL;
	}
	begin_flow(flow, (u64)sk, task, session);
	return flow;
}

static __always_inline void about_flow(struct record *record, const struct flow *flow)
{
	record->start_ns = flow->start_ns;
	record->pid = flow->pid;
	record->thread_id = flow->thread_id;
}

#endif
