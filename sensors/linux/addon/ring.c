/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static size_t rounded(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}

static uint32_t head_at(const struct ring *ring, unsigned long position)
{
	const uint32_t *head = (const uint32_t *)(ring->data + (position & (ring->bytes - 1)));
	return __atomic_load_n(head, __ATOMIC_ACQUIRE);
}

int ring_map(struct ring *ring, int map, size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	void *producer = mmap(NULL, page + 2 * bytes, PROT_READ, MAP_SHARED, map, page);
	if (producer == MAP_FAILED) {
		int error = errno;
		munmap(consumer, page);
		return -error;
	}
	ring->consumed = consumer;
	ring->produced = producer;
	ring->data = (const uint8_t *)producer + page;
	ring->bytes = bytes;
	return 0;
}

void ring_unmap(struct ring *ring)
{
	size_t page = sysconf(_SC_PAGESIZE);
	if (!ring->consumed)
		return;
	munmap(ring->consumed, page);
	munmap((void *)ring->produced, page + 2 * ring->bytes);
	memset(ring, 0, sizeof(*ring));
}

bool ring_has_records(const struct ring *ring)
{
	return *ring->consumed != __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE);
}

bool ring_rewind(struct ring *ring, unsigned long position)
{
	unsigned long before = *ring->consumed;
	if (position > before || __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE) - position > ring->bytes)
		return false;
	/* From here on the kernel keeps them; a program that had already found room behind `before` is waited for. */
	__atomic_store_n(ring->consumed, position, __ATOMIC_SEQ_CST);
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
	if (__atomic_load_n(ring->produced, __ATOMIC_ACQUIRE) - position <= ring->bytes)
		return true;
	__atomic_store_n(ring->consumed, before, __ATOMIC_SEQ_CST);
	return false;
}

void ring_visit(const struct ring *ring, void (*visit)(const struct record *record, void *context), void *context)
{
	unsigned long position = *ring->consumed;
	unsigned long produced = __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE);
	while (position < produced) {
		uint32_t head = head_at(ring, position);
		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(head & BPF_RINGBUF_DISCARD_BIT))
			visit((const void *)(ring->data + (position & (ring->bytes - 1)) + BPF_RINGBUF_HDR_SZ), context);
		position += rounded((head & ~BPF_RINGBUF_DISCARD_BIT) + BPF_RINGBUF_HDR_SZ);
	}
}

/* Walks finished records; a busy one ends the walk, as those behind it must not overtake it. */
static size_t walk(const struct ring *ring, size_t limit, uint8_t *to, unsigned long *end, uint64_t *count)
{
	unsigned long position = *ring->consumed;
	unsigned long produced = __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE);
	size_t copied = 0;
	while (position < produced) {
		uint32_t head = head_at(ring, position);
		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		uint32_t bytes = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (!(head & BPF_RINGBUF_DISCARD_BIT)) {
			if (copied && copied + rounded(bytes) > limit)
				break;
			if (to) {
				const uint8_t *from = ring->data + (position & (ring->bytes - 1)) + BPF_RINGBUF_HDR_SZ;
				memcpy(to + copied, from, bytes);
				memset(to + copied + bytes, 0, rounded(bytes) - bytes);
			}
			copied += rounded(bytes);
			(*count)++;
		}
		position += rounded(bytes + BPF_RINGBUF_HDR_SZ);
		if (to && copied == limit)
			break;
	}
	*end = position;
	return copied;
}

size_t ring_measure(const struct ring *ring, size_t limit)
{
	unsigned long end;
	uint64_t count = 0;
	return walk(ring, limit, NULL, &end, &count);
}

void ring_take(struct ring *ring, uint8_t *to, size_t bytes)
{
	unsigned long end;
	walk(ring, bytes, to, &end, &ring->taken);
	__atomic_store_n(ring->consumed, end, __ATOMIC_RELEASE);
}
