/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Where the sums of files lie: a table of the process's own, in the storage of its leader, found without a hash map and
 * gone with the process; and a map of all processes for what finds no place there, whose entries are numbered within
 * their process, so that its end finds them.
 */
#ifndef SPOOR_FILE_USE_TABLE_H
#define SPOOR_FILE_USE_TABLE_H

#include "text.h"

/* Files of one process that are found at once; 88 B each, so 5.6 KB a process that opens any. Past it, or when eight
 * of them fall together, they go to `more_uses`. A power of two. */
#define USES_PER_PROCESS 64
#define PROBES 8
/* Files of processes that opened more, of all of them. 240 B each with the entry that finds it again, made when they are
 * needed; past it a file is told at each open, and each act whose bytes find no place is counted as a lost file.close. */
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

/* The entries of one process: 0, 1, 2 ... as they were made. */
struct more_number {
	u64 start_ns;
	u32 pid;
	u32 number;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_MORE_USES);
	__type(key, struct more_number);
	__type(value, struct more_key);
} more_numbers SEC(".maps");

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
	found = bpf_map_lookup_elem(&more_uses, &key);
	if (!found || !is_ours)
		return found;
	name_use(found, inode, name);
	struct more_number number = {
		.start_ns = key.start_ns,
		.pid = key.pid,
		.number = __sync_fetch_and_add(&uses->more, 1),
	};
	if (!bpf_map_update_elem(&more_numbers, &number, &key, BPF_ANY))
		return found;
	bpf_map_delete_elem(&more_uses, &key); /* nobody would find it at the end */
	return NULL;
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

#endif
