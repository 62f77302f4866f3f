/* SPDX-License-Identifier: Apache-2.0 */
#include "verdicts.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "boundary.h"

/* A map of `count` values of so many bytes each; NULL when it cannot be mapped. */
static void *map_values(const struct kernel *kernel, const char *name, size_t value_bytes, size_t *mapped_bytes)
{
	struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, name);
	size_t page = sysconf(_SC_PAGESIZE);
	*mapped_bytes = (value_bytes * bpf_map__max_entries(map) + page - 1) / page * page;
	void *mapped = mmap(NULL, *mapped_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
	return mapped == MAP_FAILED ? NULL : mapped;
}

int verdicts_map(struct kernel *kernel)
{
	struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, "verdicts");
	kernel->verdict_count = bpf_map__max_entries(map);
	kernel->verdicts = map_values(kernel, "verdicts", sizeof(struct verdict), &kernel->verdicts_bytes);
	if (!kernel->verdicts)
		return -errno;
	kernel->kept_tags = map_values(kernel, "kept_tags", sizeof(uint64_t), &kernel->kept_tags_bytes);
	return kernel->kept_tags ? 0 : -errno;
}

void verdicts_unmap(struct kernel *kernel)
{
	if (kernel->verdicts)
		munmap(kernel->verdicts, kernel->verdicts_bytes);
	if (kernel->kept_tags)
		munmap(kernel->kept_tags, kernel->kept_tags_bytes);
	kernel->verdicts = NULL;
	kernel->kept_tags = NULL;
}

void verdicts_judge(struct kernel *kernel, uint32_t tag, uint32_t becomes)
{
	struct verdict *verdict = (struct verdict *)kernel->verdicts + tag % kernel->verdict_count;
	if (__atomic_load_n(&verdict->tag, __ATOMIC_ACQUIRE) != tag)
		return;
	__atomic_store_n(&verdict->becomes, becomes, __ATOMIC_RELEASE);
	if (becomes == tag)
		__atomic_store_n(kernel->kept_tags + tag % kernel->verdict_count, (uint64_t)tag, __ATOMIC_RELEASE);
}

uint32_t verdicts_of(const struct kernel *kernel, uint32_t tag)
{
	const struct verdict *verdict = (const struct verdict *)kernel->verdicts + tag % kernel->verdict_count;
	return __atomic_load_n(&verdict->tag, __ATOMIC_ACQUIRE) == tag ? verdict->becomes : 0;
}
