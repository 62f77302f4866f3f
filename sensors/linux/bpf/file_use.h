/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a process does with each file: opens, bytes, mappings. Summed here, told once (file.close).
 *
 * They are told when the last descriptor that writes is closed (of files in the process's own table), when the process
 * ends or becomes another program, and every 30 s.
 */
#ifndef SPOOR_FILE_USE_H
#define SPOOR_FILE_USE_H

#include "file_use_table.h"

/* Pipes, sockets and terminals are no files in this sense. */
static __always_inline bool is_counted(u32 mode)
{
	return (mode & S_IFMT) == S_IFREG || (mode & S_IFMT) == S_IFBLK;
}

/* The path of a file that this program uses and did not open: its descriptor was inherited, or came over a unix socket,
 * by pidfd_getfd() or in a ring of io_uring. Told once, so that the sums have it. */
static __noinline void tell_received(struct session *session, struct file *file, struct file_use *use)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (!file || !use)
		return;
	struct scratch *scratch = reserve(session->hook, KIND_FILE_RECEIVED, sizeof(struct file_open), task,
					  session->id);
	if (!scratch)
		return;
	struct file_open *event = (void *)scratch->bytes;
	file_identity(peek(file, f_inode), &event->file);
	event->error = event->open_flags = event->flags = event->claimed_bytes = 0;
	event->file_mode = peek(file, f_mode);
	append_path(scratch, peek(file, f_path.mnt), peek(file, f_path.dentry), &event->path);
	use->flags |= USE_PATH_TOLD;
	submit(scratch);
}

static __always_inline bool is_received(const struct file_use *use)
{
	return !use->accesses && !(use->flags & USE_PATH_TOLD);
}

/* Where an act on a descriptor's file is summed; NULL of what is not counted, and where there is no room, which is. */
static __always_inline struct file_use *use_to_sum(struct session *session, struct file *file)
{
	struct used used;
	if (!file)
		return NULL;
	struct inode *inode = peek(file, f_inode);
	if (!is_counted(peek(inode, i_mode)))
		return NULL;
	use_of(bpf_get_current_task_btf(), session, inode, &used);
	if (!used.use) {
		count_lost(session->hook, KIND_FILE_USES);
		return NULL;
	}
	if (is_received(used.use))
		tell_received(session, file, used.use);
	used.use->size_bytes = peek(inode, i_size);
	return used.use;
}

/* Bytes moved over a descriptor's file. */
static __noinline void seen_bytes(struct session *session, struct file *file, u64 read, u64 written, u32 way)
{
	struct file_use *use = use_to_sum(session, file);
	if (!use)
		return;
	if (read)
		__sync_fetch_and_add(&use->read_bytes, read);
	if (written)
		__sync_fetch_and_add(&use->written_bytes, written);
	use->ways |= way;
}

static __always_inline void seen_mapping(struct session *session, struct file *file, u64 bytes, u32 modes)
{
	struct file_use *use = use_to_sum(session, file);
	if (!use)
		return;
	__sync_fetch_and_add(&use->mapped_bytes, bytes);
	use->mapped |= modes;
	use->ways |= WAY_MMAP;
}

/* Follows a new descriptor that writes. */
static __always_inline void follow(struct used *used, u32 descriptor)
{
	if (used->slot < 0 || descriptor >= FOLLOWED_DESCRIPTORS || !used->uses)
		return;
	used->uses->descriptors[bounded(descriptor, FOLLOWED_DESCRIPTORS - 1)] = used->slot + 1;
	__sync_fetch_and_add(&used->uses->slots[bounded(used->slot, USES_PER_PROCESS - 1)].writers, 1);
}

static __always_inline bool has_news(const struct file_use *use)
{
	if (!is_counted(use->mode))
		return false; /* directories, terminals and the like are remembered so that they are told once */
	return use->opens || use->read_bytes || use->written_bytes || use->mapped_bytes;
}

/* Moves the sums of a use to the end of a record; what is added meanwhile stays for the next one. */
static __always_inline void take_sums(struct scratch *scratch, struct file_use *use)
{
	u32 used = scratch->used;
	if (used > SCRATCH_BYTES - sizeof(struct file_use))
		return;
	struct file_use *told = (void *)(scratch->bytes + used);
	told->inode = use->inode;
	told->device = use->device;
	told->generation = use->generation;
	told->first_ns = use->first_ns;
	told->size_bytes = use->size_bytes;
	told->read_bytes = __sync_lock_test_and_set(&use->read_bytes, 0);
	told->written_bytes = __sync_lock_test_and_set(&use->written_bytes, 0);
	told->mapped_bytes = __sync_lock_test_and_set(&use->mapped_bytes, 0);
	told->mode = use->mode;
	told->opens = __sync_lock_test_and_set(&use->opens, 0);
	told->accesses = use->accesses;
	told->ways = use->ways;
	told->mapped = use->mapped;
	told->flags = 0;
	use->ways = use->mapped = 0;
	scratch->used = used + sizeof(*told);
}

struct telling {
	struct scratch *scratch;
	struct process_uses *uses;
	u32 told;
};

static long tell_slot(u32 index, struct telling *telling)
{
	struct use_slot *slot = &telling->uses->slots[bounded(index, USES_PER_PROCESS - 1)];
	if (slot->state != SLOT_READY || !has_news(&slot->use))
		return 0;
	take_sums(telling->scratch, &slot->use);
	telling->told++;
	return 0;
}

static __always_inline void tell_sums(struct telling *telling, u32 cause)
{
	struct file_uses *event = (void *)telling->scratch->bytes;
	if (!telling->told) {
		release(telling->scratch);
		return;
	}
	event->cause = cause;
	event->count = telling->told;
	telling->scratch->events = telling->told;
	submit(telling->scratch);
}

/* Where all uses of a process are told. */
static __always_inline u32 hook_of_uses(u32 cause)
{
	return cause == USES_EXIT ? HOOK_PROCESS_EXIT : cause == USES_EXEC ? HOOK_PROCESS_EXEC : HOOK_TASKS;
}

struct telling_more {
	struct more_number number; /* of the next one */
	u32 cause;
	u32 more; /* how many there are */
	u32 session;
};

static long tell_numbered(u32 index, struct telling_more *more)
{
	if (more->number.number >= more->more)
		return 1;
	struct more_key *key = bpf_map_lookup_elem(&more_numbers, &more->number);
	struct file_use *use = key ? bpf_map_lookup_elem(&more_uses, key) : NULL;
	struct scratch *scratch = NULL;
	if (use && has_news(use))
		scratch = reserve(hook_of_uses(more->cause), KIND_FILE_USES, sizeof(struct file_uses),
				  bpf_get_current_task_btf(), more->session);
	if (scratch) {
		struct file_uses *event = (void *)scratch->bytes;
		event->record.start_ns = more->number.start_ns;
		event->record.pid = event->record.thread_id = more->number.pid;
		event->cause = more->cause;
		event->count = 1;
		take_sums(scratch, use);
		submit(scratch);
	}
	if (more->cause != USES_REFRESH && key) {
		bpf_map_delete_elem(&more_uses, key);
		bpf_map_delete_elem(&more_numbers, &more->number);
	}
	more->number.number++;
	return 0;
}

/* A function of its own to the verifier too, which looks at it once and not with each of its callers. A record each:
 * gathering them took the verifier three times as long. */
__noinline int tell_more_uses(u64 start_ns, u32 pid, u32 session, u32 cause, u32 count)
{
	struct telling_more more = {
		.number = { .start_ns = start_ns, .pid = pid },
		.cause = cause,
		.more = count,
		.session = session,
	};
	bpf_loop(MAX_MORE_USES, tell_numbered, &more, 0);
	return 0;
}

/* Tells all uses of a process that lie in its table. A refresh that would be shed waits for the next: nothing is lost
 * of sums that are still being added to. */
static __noinline void tell_uses(struct task_struct *task, struct session *session, struct process_uses *uses,
				      u32 cause)
{
	if (cause == USES_REFRESH && would_shed(KIND_FILE_USES))
		return;
	struct scratch *scratch = reserve(hook_of_uses(cause), KIND_FILE_USES, sizeof(struct file_uses), task,
					  session->id);
	if (!scratch)
		return;
	struct telling telling = { .scratch = scratch, .uses = uses };
	bpf_loop(USES_PER_PROCESS, tell_slot, &telling, 0);
	tell_sums(&telling, cause);
	if (!uses->more)
		return;
	tell_more_uses(peek(peek(task, group_leader), start_boottime), task->tgid, session->id, cause, uses->more);
	if (cause != USES_REFRESH)
		uses->more = 0;
}

static __noinline void tell_one_use(struct task_struct *task, struct session *session, struct use_slot *slot)
{
	if (would_shed(KIND_FILE_USES))
		return; /* told at the next close, or when the process ends */
	struct scratch *scratch = reserve(session->hook, KIND_FILE_USES, sizeof(struct file_uses), task, session->id);
	if (!scratch)
		return;
	struct file_uses *event = (void *)scratch->bytes;
	event->cause = USES_CLOSE;
	event->count = 1;
	take_sums(scratch, &slot->use);
	submit(scratch);
}

/* close() of a followed descriptor, or another put in its place. */
static __noinline void seen_close(struct session *session, u32 descriptor)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (descriptor >= FOLLOWED_DESCRIPTORS)
		return;
	struct process_uses *uses = bpf_task_storage_get(&process_uses, task->group_leader, NULL, 0);
	if (!uses)
		return;
	u8 *followed = &uses->descriptors[bounded(descriptor, FOLLOWED_DESCRIPTORS - 1)];
	u32 number = *followed;
	if (!number)
		return;
	*followed = 0;
	struct use_slot *slot = &uses->slots[bounded(number - 1, USES_PER_PROCESS - 1)];
	if (__sync_fetch_and_sub(&slot->writers, 1) == 1 && has_news(&slot->use))
		tell_one_use(task, session, slot);
}

/* dup(), dup2(), dup3(), fcntl(F_DUPFD): `new` is what `old` is. */
static __always_inline void seen_duplicate(struct session *session, u32 old, u32 new)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (old == new)
		return;
	seen_close(session, new);
	struct process_uses *uses = bpf_task_storage_get(&process_uses, task->group_leader, NULL, 0);
	if (!uses || old >= FOLLOWED_DESCRIPTORS || new >= FOLLOWED_DESCRIPTORS)
		return;
	u32 number = uses->descriptors[bounded(old, FOLLOWED_DESCRIPTORS - 1)];
	if (!number)
		return;
	uses->descriptors[bounded(new, FOLLOWED_DESCRIPTORS - 1)] = number;
	__sync_fetch_and_add(&uses->slots[bounded(number - 1, USES_PER_PROCESS - 1)].writers, 1);
}

static long forget_slot(u32 index, struct process_uses **uses)
{
	(*uses)->slots[bounded(index, USES_PER_PROCESS - 1)].state = SLOT_FREE;
	return 0;
}

static long forget_descriptor(u32 index, struct process_uses **uses)
{
	(*uses)->descriptors[bounded(index, FOLLOWED_DESCRIPTORS - 1)] = 0;
	return 0;
}

/* An exec begins anew: what the shell read is not what curl read, and a file's first open by the new program is one.
 * What it then does with descriptors left open to it is summed as its own. */
static __noinline int seen_program_end(struct task_struct *task, struct session *session)
{
	struct process_uses *uses = bpf_task_storage_get(&process_uses, task->group_leader, NULL, 0);
	if (!uses)
		return 0;
	tell_uses(task, session, uses, USES_EXEC);
	bpf_loop(USES_PER_PROCESS, forget_slot, &uses, 0);
	bpf_loop(FOLLOWED_DESCRIPTORS, forget_descriptor, &uses, 0);
	return 0;
}

/* The process ends: everything it did with files. */
static __always_inline void seen_last_use(struct task_struct *task, struct session *session)
{
	struct process_uses *uses = bpf_task_storage_get(&process_uses, task->group_leader, NULL, 0);
	if (uses)
		tell_uses(task, session, uses, USES_EXIT);
}

#endif
