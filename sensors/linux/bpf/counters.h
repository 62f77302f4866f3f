/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What was told and what was lost, by kind of record and CPU. The collector reads the same memory. */
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

static __always_inline void count_seen(u32 kind)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct counters *row = bpf_map_lookup_elem(&counts, &cpu);
	if (row && kind < KIND_COUNT)
		__sync_fetch_and_add(&row->seen[kind], 1);
}

static __always_inline void count_lost(u32 kind)
{
	u32 cpu = bpf_get_smp_processor_id();
	struct counters *row = bpf_map_lookup_elem(&counts, &cpu);
	if (row && kind < KIND_COUNT)
		__sync_fetch_and_add(&row->lost[kind], 1);
}

#endif
