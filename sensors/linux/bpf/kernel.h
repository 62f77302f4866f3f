/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the programs need of the kernel that its BTF does not hold (macros), and fields whose names changed. */
#ifndef SPOOR_KERNEL_H
#define SPOOR_KERNEL_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "orders.h"
#include "records.h"

#define AT_FDCWD (-100)
#define AF_INET 2
#define AF_INET6 10
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 4 /* include/linux/sched/signal.h */
#define MAX_ERRNO 4095
#define EPERM 1
#define ERESTARTSYS 512 /* include/linux/errno.h: 512 to 516 never reach the caller, the call is made again */
#define ERESTART_LAST 516

/* Reads a field of a kernel structure whose pointer the verifier does not know. Where the kernel lends the cast
 * (6.2), this is one load that a fault makes zero; before, a call. A walked path of five names has 25 of them:
 * 0.5 us against 1.4. Two objects rather than a weak symbol: libbpf looks for one that is missing in the kernel's
 * modules too, which takes CAP_SYS_ADMIN. */
#ifdef SPOOR_BEFORE_6_2
#define peek(pointer, field)                                                                                 \
	({                                                                                                   \
		typeof(pointer) peeked = (pointer);                                                          \
		BPF_CORE_READ(peeked, field);                                                                \
	})
#else
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym;

#define peek(pointer, field)                                                                                 \
	({                                                                                                   \
		typeof(pointer) peeked = (pointer);                                                          \
		((typeof(pointer))bpf_rdonly_cast(peeked, bpf_core_type_id_kernel(typeof(*peeked))))->field; \
	})
#endif

/* An index that the verifier believes: the compiler leaves out a mask that a comparison before made needless. */
#define bounded(value, mask)                                                                                 \
	({                                                                                                   \
		u64 bounded_value = (value);                                                                 \
		asm volatile("%0 &= %1" : "+r"(bounded_value) : "i"(mask));                                  \
		bounded_value;                                                                               \
	})

#define S_IFMT 0170000
#define S_IFSOCK 0140000

/* Before 6.11 the change time was a timespec64 (i_ctime up to 6.5, __i_ctime from 6.6). */
struct inode___timespec {
	struct timespec64 i_ctime;
} __attribute__((preserve_access_index));
struct inode___private_timespec {
	struct timespec64 __i_ctime;
} __attribute__((preserve_access_index));
struct inode___split {
	s64 i_ctime_sec;
	u32 i_ctime_nsec;
} __attribute__((preserve_access_index));

/* From 6.13 the top bit of the nanoseconds says that somebody asked for the time (I_CTIME_QUERIED). */
#define CTIME_NANOSECONDS 0x7fffffff

static __always_inline u64 change_ns(const struct inode *inode)
{
	struct inode___split *split = (void *)inode;
	struct inode___private_timespec *private = (void *)inode;
	struct inode___timespec *old = (void *)inode;
	if (bpf_core_field_exists(split->i_ctime_sec))
		return peek(split, i_ctime_sec) * 1000000000ull +
		       (peek(split, i_ctime_nsec) & CTIME_NANOSECONDS);
	if (bpf_core_field_exists(private->__i_ctime))
		return BPF_CORE_READ(private, __i_ctime.tv_sec) * 1000000000ull +
		       BPF_CORE_READ(private, __i_ctime.tv_nsec);
	return BPF_CORE_READ(old, i_ctime.tv_sec) * 1000000000ull + BPF_CORE_READ(old, i_ctime.tv_nsec);
}

static __always_inline void file_identity(const struct inode *inode, struct file_id *to)
{
	to->inode = peek(inode, i_ino);
	to->size_bytes = peek(inode, i_size);
	to->change_ns = change_ns(inode);
	to->device = peek(peek(inode, i_sb), s_dev);
	to->generation = peek(inode, i_generation);
	to->mode = peek(inode, i_mode);
	to->links = peek(inode, i_nlink);
}

static __always_inline void process_identity(const struct task_struct *task, struct process_id *to)
{
	to->start_ns = peek(peek(task, group_leader), start_boottime);
	to->pid = peek(task, tgid);
	to->spare = 0;
}

/* The file behind a descriptor of the current process; NULL when it is closed or out of range. */
static __always_inline struct file *file_of(int descriptor)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fdtable *table = peek(peek(task, files), fdt);
	u32 index = descriptor;
	struct file *file = NULL;
	if (!table || index >= peek(table, max_fds))
		return NULL;
	struct file **files = peek(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + index);
	return file;
}

#endif
