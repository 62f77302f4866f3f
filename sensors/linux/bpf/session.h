/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which session a task belongs to.
 *
 * The tag lies in the task's own storage. A new task takes it from the task that called fork or clone (not from
 * its parent: CLONE_PARENT changes the parent), before it can run its first instruction. So no setsid(), double
 * fork, namespace or change of name gets rid of it, and nothing else can give it away.
 */
#ifndef SPOOR_SESSION_H
#define SPOOR_SESSION_H

#include "suspects.h"

/* Copied from task to task; what a task then changes is its own. */
struct session {
	u32 id;
	u16 slot;	 /* of its histogram; 0: none */
	u16 hook;	 /* enum hook: at which this task is being looked at, set as a program begins */
	u32 memory_told; /* bit N: a mapping of protection N was told */
	u32 around;	 /* of a suspect: the tag it had, which may be another suspect's; 0: none */
	u32 within;	 /* of a suspect: the session it is in for certain, whatever becomes of it; 0: none */
	struct credentials credentials; /* when they were last told */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct session);
} sessions SEC(".maps");

/* Tags that could not be stored: another task, preempted inside the same CPU's task storage, makes the kernel
 * refuse (bpf_task_storage_trylock). They wait here until the task is asked about. 40 B each; past the limit the
 * tag is lost, and counted as a lost KIND_NONE. */
#define MAX_WAITING_TAGS 4096

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_WAITING_TAGS);
	__type(key, u32); /* thread id */
	__type(value, struct session);
} waiting_tags SEC(".maps");

u32 waiting_count = 0;

static __always_inline struct session *waiting_session(struct task_struct *task)
{
	u32 id = task->pid;
	struct session *waiting = bpf_map_lookup_elem(&waiting_tags, &id);
	if (!waiting)
		return NULL;
	struct session *stored = bpf_task_storage_get(&sessions, task, waiting, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!stored)
		return waiting;
	if (!bpf_map_delete_elem(&waiting_tags, &id))
		__sync_fetch_and_sub(&waiting_count, 1);
	return stored;
}

/* The session of a task whose tag the kernel gave by itself, after the verdict; NULL when it is nobody's. The tag is
 * exchanged only while it is the judged one, and never taken away with its storage: user space may give the task
 * another at the same moment, on another CPU. */
static __always_inline struct session *judged(struct session *session)
{
	u32 tag = session->id;
	u32 becomes = tag_becomes(tag);
	if (becomes != tag)
		__sync_val_compare_and_swap(&session->id, tag, becomes);
	return session->id ? session : NULL;
}

/* NULL outside every session. Only tasks of sessions, and suspects that turned out to be nobody's, have storage, so
 * for all others this is one load. */
static __always_inline struct session *session_of(struct task_struct *task)
{
	if (task->bpf_storage) {
		struct session *session = bpf_task_storage_get(&sessions, task, NULL, 0);
		if (session && session->id >= FIRST_SUSPECT_TAG)
			return judged(session);
		if (session)
			return session->id ? session : NULL;
	}
	return waiting_count ? waiting_session(task) : NULL;
}

/* The session of the task that runs, looked at by `hook`: what is told of it from here on is counted there. Programs of
 * one task do not nest; those that a packet's arrival runs in the midst of one do not ask this way. */
static __always_inline struct session *session_at(u32 hook)
{
	struct session *session = session_of(bpf_get_current_task_btf());
	if (session)
		session->hook = hook;
	return session;
}

static __always_inline bool is_for_certain(const struct session *session)
{
	return is_certain_tag(session->id) || session->within;
}

static __always_inline void set_session(u32 hook, struct task_struct *task, struct session *session)
{
	struct session *stored = bpf_task_storage_get(&sessions, task, session, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (stored) {
		*stored = *session;
		return;
	}
	u32 thread = task->pid;
	if (!bpf_map_update_elem(&waiting_tags, &thread, session, BPF_ANY))
		__sync_fetch_and_add(&waiting_count, 1);
	else
		count_lost(hook, KIND_NONE);
}

#endif
