/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the kernel's ring of records; their layout: ../bpf/records.h. */
#ifndef SPOOR_RING_H
#define SPOOR_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring {
	unsigned long *consumed; /* positions since the map was made; ours to move */
	const unsigned long *produced;
	const uint8_t *data; /* mapped twice, one behind the other: no record wraps */
	size_t bytes;
	uint64_t taken; /* records copied out since the map was made, as far as its readers have told each other */
};

/* 0, or -errno. */
int ring_map(struct ring *ring, int map, size_t bytes);
void ring_unmap(struct ring *ring);

bool ring_has_records(const struct ring *ring);

/* Bytes that ring_take() would copy: whole records, each rounded up to 8, at most `limit` (but at least one record). */
size_t ring_measure(const struct ring *ring, size_t limit);

/* Copies what ring_measure() measured and hands the room back to the kernel. */
void ring_take(struct ring *ring, uint8_t *to, size_t bytes);

/* Makes records that were taken before unread again. False, and nothing changed, when the kernel has written over some
 * of them, or `position` was never reached. Safe while programs write. */
bool ring_rewind(struct ring *ring, unsigned long position);

/* Shows every unread record, taking none. */
struct record;
void ring_visit(const struct ring *ring, void (*visit)(const struct record *record, void *context), void *context);

#endif
