/* io_uring by raw system calls, one request at a time: enough to do a thing without its system call. */
#ifndef URING_H
#define URING_H

#include "tell.h"
#include <linux/io_uring.h>

struct uring {
	int fd;
	struct io_uring_params params;
	unsigned *sq_tail, *sq_mask, *sq_flags, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static inline void *ring_part(int fd, size_t size, off_t offset)
{
	void *part = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
	if (part == MAP_FAILED) {
		fprintf(stderr, "%s: mapping the ring: %s\n", tale_id, strerror(errno));
		_exit(1);
	}
	return part;
}

static inline struct uring make_uring(unsigned flags)
{
	struct uring ring = { .params = { .flags = flags, .sq_thread_idle = 1000 } };
	ring.fd = (int)syscall(SYS_io_uring_setup, 8, &ring.params);
	if (ring.fd < 0)
		not_possible("io_uring_setup", errno);
	struct io_uring_params *is = &ring.params;
	char *sq = ring_part(ring.fd, is->sq_off.array + is->sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	char *cq = ring_part(ring.fd, is->cq_off.cqes + is->cq_entries * sizeof(struct io_uring_cqe),
			     IORING_OFF_CQ_RING);
	ring.sqes = ring_part(ring.fd, is->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring.sq_tail = (unsigned *)(sq + is->sq_off.tail);
	ring.sq_mask = (unsigned *)(sq + is->sq_off.ring_mask);
	ring.sq_flags = (unsigned *)(sq + is->sq_off.flags);
	ring.sq_array = (unsigned *)(sq + is->sq_off.array);
	ring.cq_head = (unsigned *)(cq + is->cq_off.head);
	ring.cq_tail = (unsigned *)(cq + is->cq_off.tail);
	ring.cq_mask = (unsigned *)(cq + is->cq_off.ring_mask);
	ring.cqes = (struct io_uring_cqe *)(cq + is->cq_off.cqes);
	return ring;
}

/* Does one request and returns its result: a count, a descriptor, or a negative errno. */
static inline int request(struct uring *ring, struct io_uring_sqe sqe)
{
	unsigned tail = *ring->sq_tail, index = tail & *ring->sq_mask;
	ring->sqes[index] = sqe;
	ring->sq_array[index] = index;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
	if (ring->params.flags & IORING_SETUP_SQPOLL) {
		/* The kernel's own thread takes it; only a sleeping one must be woken by a call. */
		if (__atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
			must(syscall(SYS_io_uring_enter, ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0));
		while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == *ring->cq_head)
			sched_yield();
	} else {
		must(syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	}
	unsigned head = *ring->cq_head;
	int result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return result;
}

/* Does a request that has no completion when it succeeds; returns when the kernel has done it. */
static inline void submit_silent(struct uring *ring, struct io_uring_sqe sqe)
{
	unsigned tail = *ring->sq_tail, index = tail & *ring->sq_mask;
	ring->sqes[index] = sqe;
	ring->sq_array[index] = index;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
	must(syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0));
	if (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) != *ring->cq_head)
		not_possible("a request without a completion", -ring->cqes[*ring->cq_head & *ring->cq_mask].res);
}

/* As request(), for what cannot fail where the kernel knows the operation. */
static inline int must_request(struct uring *ring, struct io_uring_sqe sqe, const char *operation)
{
	int result = request(ring, sqe);
	if (result == -EINVAL)
		not_possible(operation, EINVAL);
	if (result < 0) {
		fprintf(stderr, "%s: %s: %s\n", tale_id, operation, strerror(-result));
		_exit(1);
	}
	return result;
}

#define OPENAT_REQUEST(path_, flags_)                                                                                  \
	((struct io_uring_sqe){ .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)(path_),                \
				.open_flags = (flags_) })
#define READ_REQUEST(fd_, bytes_, length_)                                                                             \
	((struct io_uring_sqe){ .opcode = IORING_OP_READ, .fd = (fd_), .addr = (uintptr_t)(bytes_), .len = (length_) })

static inline void told_uring(void)
{
	act("security.io_uring");
}

#endif
