/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Names that were looked for in vain: each is told once, not once a look. */
#ifndef SPOOR_FAILED_NAME_H
#define SPOOR_FAILED_NAME_H

#include "text.h"

#define ACCESS_EXECUTE 8 /* of failed_open.access: it was to be run */

/* Failed opens remembered. 56 B each, so 1 MB; past it the least used goes, and its next try is told again. */
#define MAX_REMEMBERED_FAILURES 16384

/* A program's start looks for a dozen files that are not there (locales, caches, libraries in each folder of a
 * path): a thousand starts are a dozen events. A refusal is told for each process, as somebody wanted something. */
struct failed_open {
	u64 name_hash;
	u64 directory_inode; /* that the name starts from: a working directory, or the process's own root */
	u64 start_ns; /* 0 with pid 0: whatever process of the session */
	u32 pid;
	u32 session;
	u32 error;
	u32 access;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_REMEMBERED_FAILURES);
	__type(key, struct failed_open);
	__type(value, u8);
} failed_opens SEC(".maps");

#define ENOENT 2
#define ENOTDIR 20
#define HASH_FACTOR 0x9e3779b97f4a7c15 /* 2^64 divided by the golden ratio: spreads neighbours */

struct hashing {
	struct scratch *scratch;
	u64 hash;
	u32 at;
	u32 spare;
};

static long hash_word(u32 word, struct hashing *hashing)
{
	u32 place = hashing->at + word * sizeof(u64);
	if (place > SCRATCH_BYTES - sizeof(u64))
		return 1;
	u64 hash = (hashing->hash ^ *(u64 *)(hashing->scratch->bytes + place)) * HASH_FACTOR;
	hashing->hash = hash ^ hash >> 32;
	return 0;
}

/* Two names that meet in one hash would hide the second; 64 bits make that one in 10^15 for 100,000 names.
 * bpf_loop(): written out, a verifier goes through 512 words on each way that leads here. */
static __always_inline u64 hash_claimed(struct scratch *scratch, u32 at, u32 length)
{
	struct hashing hashing = { .scratch = scratch, .hash = length, .at = at };
	u32 end = at + length;
	if (at > SCRATCH_BYTES - MAX_CLAIMED_BYTES - sizeof(u64) || length > MAX_CLAIMED_BYTES)
		return 0;
	if (end > SCRATCH_BYTES - sizeof(u64))
		return 0;
	*(u64 *)(scratch->bytes + end) = 0; /* the last word is whole, whatever lay here */
	bpf_loop((length + sizeof(u64) - 1) / sizeof(u64), hash_word, &hashing, 0);
	return hashing.hash;
}

/* Whether this was told before; it is from now on. */
static __always_inline bool was_told(const struct failed_open *key)
{
	u8 once = 1;
	if (bpf_map_lookup_elem(&failed_opens, key))
		return true;
	bpf_map_update_elem(&failed_opens, key, &once, BPF_ANY);
	return false;
}

/* Whether the session, or for a refusal the process, was told of this failure before; remembers it if not. */
static __always_inline bool is_known_failure(struct scratch *scratch, const struct session *session, u32 at, u32 length,
					     struct dentry *from, u32 error, u32 access)
{
	const struct record *record = (void *)scratch->bytes;
	bool missing = error == ENOENT || error == ENOTDIR;
	struct failed_open key = {
		.name_hash = hash_claimed(scratch, at, length),
		.directory_inode = from ? peek(peek(from, d_inode), i_ino) : 0,
		.start_ns = missing ? 0 : record->start_ns,
		.pid = missing ? 0 : record->pid,
		.session = session->id,
		.error = error,
		.access = access,
	};
	return was_told(&key);
}

/* Whether the process was told before that this file is refused to it; remembers it if not. */
static __always_inline bool is_known_refusal(const struct record *record, const struct session *session,
					     const struct file_id *file, u32 error, u32 access)
{
	struct failed_open key = {
		.name_hash = file->inode,
		.directory_inode = (u64)file->device << 32 | file->generation,
		.start_ns = record->start_ns,
		.pid = record->pid,
		.session = session->id,
		.error = error,
		.access = access,
	};
	return was_told(&key);
}

#endif
