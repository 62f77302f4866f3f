/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What was told and what was lost, by hook, kind of record, cause and CPU. The collector reads the same memory. */
#ifndef SPOOR_COUNTERS_H
#define SPOOR_COUNTERS_H

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the CPUs: set at load */
	__type(key, u32);
	__type(value, struct counters);
} counts SEC(".maps");

static __always_inline struct counters *counters_here(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&counts, &cpu);
}

static __always_inline u32 count_place(u32 hook, u32 kind)
{
	return bounded(hook * KIND_PLACES + kind, COUNT_PLACES - 1);
}

static __always_inline void count_seen(u32 hook, u32 kind, u32 events)
{
	struct counters *row = counters_here();
	if (row)
		__sync_fetch_and_add(&row->seen[count_place(hook, kind)], events);
}

/* The ring had no room. */
static __always_inline void count_ring_full(u32 hook, u32 kind, u32 events)
{
	struct counters *row = counters_here();
	if (!row)
		return;
	__sync_fetch_and_add(&row->ring_full[count_place(hook, kind)], events);
	__sync_fetch_and_add(&row->lost, events);
}

/* The ring had room, kept for what matters more. */
static __always_inline void count_shed(u32 hook, u32 kind, u32 events)
{
	struct counters *row = counters_here();
	if (!row)
		return;
	__sync_fetch_and_add(&row->shed[count_place(hook, kind)], events);
	__sync_fetch_and_add(&row->lost, events);
}

/* It could not be built or remembered: a table was full or in use, the memory was not there. */
static __always_inline void count_lost(u32 hook, u32 kind)
{
	struct counters *row = counters_here();
	if (!row)
		return;
	__sync_fetch_and_add(&row->unreadable[count_place(hook, kind)], 1);
	__sync_fetch_and_add(&row->lost, 1);
}

#endif
