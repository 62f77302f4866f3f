/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What a process does with each file: opens, bytes, mappings. Summed here, told once (file.close).
 *
 * The sums lie in a table of the process's own, in the storage of its leader: found without a hash map, gone with the
 * process. What finds no place there goes to a map of all processes. Both are told when the last descriptor that
 * writes is closed, when the process ends, and every 30 s.
 */
#ifndef SPOOR_FILE_USE_H
#define SPOOR_FILE_USE_H

#include "text.h"

/* Files of one process that are found at once; 88 B each, so 5.6 KB a process that opens any. Past it, or when eight
 * of them fall together, they go to `more_uses`. A power of two. */
#define USES_PER_PROCESS 64
#define PROBES 8
/* Files of processes that opened more. 128 B each; past it a file is told at each open, its bytes are lost and
 * counted. */
#define MAX_MORE_USES 65536
/* Descriptors below this that write are followed, so that the close of the last one is known. */
#define FOLLOWED_DESCRIPTORS 256

#define FMODE_READ 1
#define FMODE_WRITE 2
#define FMODE_PATH 0x4000
#define FMODE_CREATED 0x100000
#define ACCESS_PATH 4 /* of file_use.accesses: the bit of O_PATH */

#define S_IFREG 0100000
#define S_IFBLK 0060000

enum slot_state {
	SLOT_FREE = 0,
	SLOT_TAKEN = 1, /* by a thread that fills it in */
	SLOT_READY = 2,
};

struct use_slot {
	struct file_use use;
	u32 state;
	u32 writers; /* descriptors open for writing, of those followed */
};

struct process_uses {
	struct use_slot slots[USES_PER_PROCESS];
	u8 descriptors[FOLLOWED_DESCRIPTORS]; /* slot + 1 of a descriptor that writes */
	u64 more; /* files that went to more_uses */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct process_uses);
} process_uses SEC(".maps");

struct more_key {
	u64 start_ns;
	u64 inode;
	u32 pid;
	u32 device;
	u32 generation;
	u32 session;
	u64 execs; /* of the process so far, fs/exec.c: begin_new_exec() */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_MORE_USES);
	__type(key, struct more_key);
	__type(value, struct file_use);
} more_uses SEC(".maps");

/* What an entry begins with. Not on the stack: programs that call each other share 512 bytes of it. */
static const struct file_use nothing_used;

struct file_name {
	u64 inode;
	u32 device;
	u32 generation;
};

static __always_inline struct file_name name_of(const struct inode *inode)
{
	struct file_name name = {
		.inode = peek(inode, i_ino),
		.device = peek(peek(inode, i_sb), s_dev),
		.generation = peek(inode, i_generation),
	};
	return name;
}

static __always_inline void name_use(struct file_use *use, const struct inode *inode, const struct file_name *name)
{
	use->inode = name->inode;
	use->device = name->device;
	use->generation = name->generation;
	use->first_ns = bpf_ktime_get_boot_ns();
	use->mode = peek(inode, i_mode);
}

static __always_inline void begin_use(struct file_use *use, const struct inode *inode, const struct file_name *name)
{
	name_use(use, inode, name);
	use->size_bytes = 0;
	use->read_bytes = use->written_bytes = use->mapped_bytes = 0;
	use->opens = use->accesses = use->ways = use->mapped = use->flags = 0;
}

static __always_inline bool is_use_of(const struct use_slot *slot, const struct file_name *name)
{
	return slot->state == SLOT_READY && slot->use.inode == name->inode && slot->use.device == name->device &&
	       slot->use.generation == name->generation;
}

/* The uses of the current process; made when it has none yet. */
static __always_inline struct process_uses *uses_of_process(struct task_struct *task)
{
	return bpf_task_storage_get(&process_uses, task->group_leader, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* Index of the file's slot, or of a new one; -1 when there is no place. Two threads that meet a file first at the same
 * moment may give it two slots: its sums are then told in two events. */
static __always_inline int find_slot(struct process_uses *uses, const struct inode *inode,
				     const struct file_name *name)
{
	u32 first = (name->inode * 0x9e3779b1u ^ name->device) >> 7;
	for (int probe = 0; probe < PROBES; probe++) {
		u32 index = bounded(first + probe, USES_PER_PROCESS - 1);
		struct use_slot *slot = &uses->slots[index];
		if (is_use_of(slot, name))
			return index;
		if (slot->state == SLOT_FREE &&
		    __sync_val_compare_and_swap(&slot->state, SLOT_FREE, SLOT_TAKEN) == SLOT_FREE) {
			begin_use(&slot->use, inode, name);
			slot->writers = 0;
			slot->state = SLOT_READY;
			return index;
		}
	}
	return -1;
}

static __always_inline struct file_use *find_more(struct task_struct *task, struct session *session,
						  struct process_uses *uses, const struct inode *inode,
						  const struct file_name *name)
{
	struct more_key key = {
		.start_ns = peek(peek(task, group_leader), start_boottime),
		.inode = name->inode,
		.pid = task->tgid,
		.device = name->device,
		.generation = name->generation,
		.session = session->id,
		.execs = peek(peek(task, group_leader), self_exec_id),
	};
	struct file_use *found = bpf_map_lookup_elem(&more_uses, &key);
	if (found)
		return found;
	bool is_ours = !bpf_map_update_elem(&more_uses, &key, &nothing_used, BPF_NOEXIST);
	__sync_fetch_and_add(&uses->more, 1);
	found = bpf_map_lookup_elem(&more_uses, &key);
	if (found && is_ours)
		name_use(found, inode, name);
	return found;
}

struct used {
	struct file_use *use;
	struct process_uses *uses;
	int slot; /* -1: in more_uses */
};

/* NULL in `use` when there is no room at all. */
static __noinline void use_of(struct task_struct *task, struct session *session, const struct inode *inode,
				   struct used *used)
{
	struct file_name name = name_of(inode);
	used->use = NULL;
	used->slot = -1;
	used->uses = uses_of_process(task);
	if (!used->uses)
		return;
	int slot = find_slot(used->uses, inode, &name);
	if (slot >= 0) {
		used->slot = slot;
		used->use = &used->uses->slots[bounded(slot, USES_PER_PROCESS - 1)].use;
		return;
	}
	used->use = find_more(task, session, used->uses, inode, &name);
}

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
	struct scratch *scratch = reserve(KIND_FILE_RECEIVED, sizeof(struct file_open), task, session->id);
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

/* Bytes moved over a descriptor's file. */
static __noinline void seen_bytes(struct session *session, struct file *file, u64 read, u64 written, u32 way)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct used used;
	if (!file)
		return;
	struct inode *inode = peek(file, f_inode);
	if (!is_counted(peek(inode, i_mode)))
		return;
	use_of(task, session, inode, &used);
	if (!used.use) {
		count_lost(KIND_FILE_USES);
		return;
	}
	if (is_received(used.use))
		tell_received(session, file, used.use);
	if (read)
		__sync_fetch_and_add(&used.use->read_bytes, read);
	if (written)
		__sync_fetch_and_add(&used.use->written_bytes, written);
	used.use->ways |= way;
	used.use->size_bytes = peek(inode, i_size);
}

static __always_inline void seen_mapping(struct session *session, struct file *file, u64 bytes, u32 modes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct used used;
	if (!file)
		return;
	struct inode *inode = peek(file, f_inode);
	if (!is_counted(peek(inode, i_mode)))
		return;
	use_of(task, session, inode, &used);
	if (!used.use) {
		count_lost(KIND_FILE_USES);
		return;
	}
	if (is_received(used.use))
		tell_received(session, file, used.use);
	__sync_fetch_and_add(&used.use->mapped_bytes, bytes);
	used.use->mapped |= modes;
	used.use->ways |= WAY_MMAP;
	used.use->size_bytes = peek(inode, i_size);
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

/* Tells all uses of a process that lie in its table. A refresh that would be shed waits for the next: nothing is lost
 * of sums that are still being added to. */
static __noinline void tell_uses(struct task_struct *task, struct session *session, struct process_uses *uses,
				      u32 cause)
{
	if (cause == USES_REFRESH && would_shed(KIND_FILE_USES))
		return;
	struct scratch *scratch = reserve(KIND_FILE_USES, sizeof(struct file_uses), task, session->id);
	if (!scratch)
		return;
	struct telling telling = { .scratch = scratch, .uses = uses };
	bpf_loop(USES_PER_PROCESS, tell_slot, &telling, 0);
	if (!telling.told) {
		release(scratch);
		return;
	}
	struct file_uses *event = (void *)scratch->bytes;
	event->cause = cause;
	event->count = telling.told;
	scratch->events = telling.told;
	submit(scratch);
}

static __noinline void tell_one_use(struct task_struct *task, struct session *session, struct use_slot *slot)
{
	if (would_shed(KIND_FILE_USES))
		return; /* told at the next close, or when the process ends */
	struct scratch *scratch = reserve(KIND_FILE_USES, sizeof(struct file_uses), task, session->id);
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
