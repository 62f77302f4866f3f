/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on in the kernel when the process that loaded it ends: every map and link under a name in a bpf file
 * system. The programs go on writing into the ring, tasks keep their tags, and the next process reads on.
 *
 *   FOLDER/watch           struct watch, mapped: whose it is, and how far it was read
 *   FOLDER/map_NAME        a map of the object; a dot in its name is an underscore
 *   FOLDER/link_PROGRAM    that a program is attached
 *   FOLDER/program_PROGRAM the program itself, to ask how often it was missed
 *
 * The folder has one owner at a time: whoever holds flock(2) on it. A dead owner holds nothing, so nothing is stale
 * that has to be guessed at.
 */
#ifndef SPOOR_PINS_H
#define SPOOR_PINS_H

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Hexadecimal SHA-256 and a NUL, rounded up to 8. */
#define IDENTITY_BYTES 72
/* Raised when struct session or struct verdict (../bpf) changes: an upgrade then begins without the tags of before. */
#define TAGS_VERSION 3
/* Kinds of records that are counted one by one; others together as kind 0. */
#define MAX_UNREAD_KINDS 64

struct watch {
	uint32_t format; /* of this struct; another one's size is not even looked at */
	uint32_t tags;
	uint32_t whole; /* set last: without it the owner died between the first pin and the last */
	uint32_t owner; /* pid, for messages only */
	char identity[IDENTITY_BYTES];
	uint64_t attached_boot_ns;
	uint64_t taken_records; /* copied out of the ring since it was made */
	/* Everything before is in the log for good; what lies behind may be there, from record `mark_index` on. */
	uint64_t mark_position;
	uint64_t mark_records;
	uint64_t mark_index;
};

enum pins_found {
	PINS_NOTHING,
	PINS_SAME,  /* these very programs: everything goes on */
	PINS_OTHER, /* programs of another version, or another size of ring */
	PINS_BROKEN /* not whole, or of a format nobody here reads: taken away */
};

struct pins {
	int folder; /* 0: nothing is kept */
	char path[256];
	char identity[IDENTITY_BYTES];
	enum pins_found found;
	struct watch *watch;
	struct watch before; /* as it was found */
	bool tags_kept;
	bool overwritten;	/* what lay between mark and reader was written over before anybody came */
	uint64_t replay_until; /* records before this position were read once already */
	uint64_t unread[MAX_UNREAD_KINDS]; /* of sessions, in the ring of another version */
};

struct kernel;

/* All return 0 or -errno; on failure kernel->message says what was tried. */

/* Takes the folder; EBUSY when another process has it. */
int pins_open(struct kernel *kernel, const char *path, const char *identity);
/* Before the load: gives the object the maps that are there, and does not load what is attached already. */
int pins_reuse(struct kernel *kernel);
/* After the attaching: reads the ring from the mark, or counts what is left in another version's and takes its place. */
int pins_keep(struct kernel *kernel);
/* Gives the folder free; what is in it goes on. */
void pins_close(struct pins *pins);
/* Takes it all away: when this process ends, or detaches, nothing goes on. */
int pins_forget(struct kernel *kernel);

/* Says that everything before `position` is in the log for good. */
void pins_mark(struct pins *pins, uint64_t position, uint64_t records, uint64_t index);

/* Takes everything away that is kept at `path`: nothing is watched any more. `reason` says why it could not. */
int pins_remove(const char *path, char *reason, size_t room);

#endif
