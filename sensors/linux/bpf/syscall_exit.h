/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The end of every system call of the host: which seen_* function it concerns, if any.
 *
 * One program for all calls, as each further one costs every call of every process. A process outside every session
 * costs it one load: whether the task has any BPF storage at all. An empty program here makes an open-read-close loop
 * 1.13 times as dear on a kernel without trampolines, and this one no dearer than that.
 */
#ifndef SPOOR_SYSCALL_EXIT_H
#define SPOOR_SYSCALL_EXIT_H

#include "calls_ia32.h"
#include "file_change.h"
#include "file_open.h"
#include "network_connect.h"
#include "process_exec_failed.h"
#include "system_call.h"

#define CREAT_FLAGS (00000001 | 00000100 | 00001000) /* O_WRONLY | O_CREAT | O_TRUNC, fs/open.c: creat() */
#define F_DUPFD 0
#define F_DUPFD_CLOEXEC 1030
#define PAGE_BYTES 4096
/* Completions looked at in one io_getevents(); each costs three reads, and the rest are not counted as bytes. */
#define MAX_AIO_EVENTS 64
#define IOCB_CMD_PREAD 0
#define IOCB_CMD_PWRITE 1
#define IOCB_CMD_PREADV 7
#define IOCB_CMD_PWRITEV 8

static __always_inline int open_returned(struct session *session, struct open_request *request, long result)
{
	u32 error = -result;
	if (result >= 0) {
		struct file *file = file_of(result);
		return file ? seen_open(session, file, request->flags, result, 0) : 0;
	}
	if (error >= ERESTARTSYS && error <= ERESTART_LAST)
		return 0;
	return seen_open_failed(session, request, error);
}

static __always_inline int any_open(struct session *session, struct call_args *regs, u32 call, long result)
{
	struct open_request request = { .directory = AT_FDCWD };
	switch (call) {
	case NR_OPEN:
		request.path = (void *)regs->di;
		request.flags = regs->si;
		break;
	case NR_CREAT:
		request.path = (void *)regs->di;
		request.flags = CREAT_FLAGS;
		break;
	case NR_OPENAT:
		request.directory = regs->di;
		request.path = (void *)regs->si;
		request.flags = regs->dx;
		break;
	case NR_OPENAT2: {
		u64 flags = 0;
		request.directory = regs->di;
		request.path = (void *)regs->si;
		bpf_probe_read_user(&flags, sizeof(flags), (void *)regs->dx); /* struct open_how begins with them */
		request.flags = flags;
		break;
	}
	case NR_OPEN_BY_HANDLE_AT:
		request.directory = regs->di;
		request.flags = regs->dx;
		break;
	}
	return open_returned(session, &request, result);
}

/* One call of seen_bytes() for each side, whatever the call: a verifier follows each of them through anew. */
static __always_inline int bytes_moved(struct session *session, struct call_args *regs, u32 call, long result)
{
	int from = -1, to = -1;
	u32 way = WAY_READ;
	if (result <= 0)
		return 0;
	switch (call) {
	case NR_READ:
	case NR_PREAD64:
	case NR_READV:
	case NR_PREADV:
	case NR_PREADV2:
		from = regs->di;
		break;
	case NR_WRITE:
	case NR_PWRITE64:
	case NR_WRITEV:
	case NR_PWRITEV:
	case NR_PWRITEV2:
		to = regs->di;
		way = WAY_WRITE;
		break;
	case NR_SENDFILE:
		from = regs->si;
		to = regs->di;
		way = WAY_SENDFILE;
		break;
	case NR_SPLICE:
		from = regs->di;
		to = regs->dx;
		way = WAY_SPLICE;
		break;
	case NR_COPY_FILE_RANGE:
		from = regs->di;
		to = regs->dx;
		way = WAY_COPY_FILE_RANGE;
		break;
	}
	if (from >= 0)
		seen_bytes(session, file_of(from), result, 0, way);
	if (to >= 0)
		seen_bytes(session, file_of(to), 0, result, way);
	return 0;
}

static __always_inline int mapped(struct session *session, struct call_args *regs, long result)
{
	u32 modes = 0;
	if ((result < 0 && result >= -MAX_ERRNO) || regs->r10 & MAP_ANONYMOUS)
		return 0;
	if (regs->dx & PROT_EXEC)
		modes |= MAPPED_EXECUTE;
	if (regs->dx & PROT_WRITE && regs->r10 & MAP_SHARED_BIT)
		modes |= MAPPED_WRITE;
	else
		modes |= MAPPED_READ;
	u64 bytes = (regs->si + PAGE_BYTES - 1) & ~(u64)(PAGE_BYTES - 1);
	seen_mapping(session, file_of(regs->r8), bytes, modes);
	return 0;
}

/* The parts in question of struct io_event and struct iocb, the whole of which is too large: programs that call each
 * other share 512 bytes of stack. */
struct io_result {
	u64 request;
	s64 bytes;
};

struct aio_request {
	u16 opcode;
	s16 priority;
	u32 descriptor;
};

struct io_events {
	struct session *session;
	u64 events;
	u64 count;
};

/* The request that a completion is of lies in the caller's memory still, and may have changed there: a claim. */
static long aio_completed(u32 index, struct io_events *events)
{
	struct io_result event;
	struct aio_request request;
	if (index >= events->count ||
	    bpf_probe_read_user(&event, sizeof(event),
				(void *)(events->events + index * sizeof(struct io_event) +
					 offsetof(struct io_event, obj))))
		return 1;
	if (event.bytes <= 0 ||
	    bpf_probe_read_user(&request, sizeof(request),
				(void *)(event.request + offsetof(struct iocb, aio_lio_opcode))))
		return 0;
	bool reads = request.opcode == IOCB_CMD_PREAD || request.opcode == IOCB_CMD_PREADV;
	bool writes = request.opcode == IOCB_CMD_PWRITE || request.opcode == IOCB_CMD_PWRITEV;
	if (reads || writes)
		seen_bytes(events->session, file_of(request.descriptor), reads ? event.bytes : 0,
			   writes ? event.bytes : 0, WAY_AIO);
	return 0;
}

enum call_class {
	CLASS_NONE = 0,
	CLASS_OPEN,
	CLASS_BYTES,
	CLASS_CLOSE,
	CLASS_DUPLICATE,
	CLASS_CHANGE,
	CLASS_WATCHED,
	CLASS_OTHER,
};

#define OPEN CLASS_OPEN
#define BYTES CLASS_BYTES
#define CHANGE CLASS_CHANGE
#define WATCHED CLASS_WATCHED
#define OTHER CLASS_OTHER

static const u8 classes[MAX_CALLS] = {
	[NR_OPEN] = OPEN,
	[NR_CREAT] = OPEN,
	[NR_OPENAT] = OPEN,
	[NR_OPENAT2] = OPEN,
	[NR_OPEN_BY_HANDLE_AT] = OPEN,
	[NR_READ] = BYTES,
	[NR_PREAD64] = BYTES,
	[NR_READV] = BYTES,
	[NR_PREADV] = BYTES,
	[NR_PREADV2] = BYTES,
	[NR_WRITE] = BYTES,
	[NR_PWRITE64] = BYTES,
	[NR_WRITEV] = BYTES,
	[NR_PWRITEV] = BYTES,
	[NR_PWRITEV2] = BYTES,
	[NR_SENDFILE] = BYTES,
	[NR_SPLICE] = BYTES,
	[NR_COPY_FILE_RANGE] = BYTES,
	[NR_CLOSE] = CLASS_CLOSE,
	[NR_DUP] = CLASS_DUPLICATE,
	[NR_DUP2] = CLASS_DUPLICATE,
	[NR_DUP3] = CLASS_DUPLICATE,
	[NR_FCNTL] = CLASS_DUPLICATE,
	[NR_RENAME ... NR_RMDIR] = CHANGE,
	[NR_LINK ... NR_SYMLINK] = CHANGE,
	[NR_CHMOD ... NR_LCHOWN] = CHANGE,
	[NR_TRUNCATE] = CHANGE,
	[NR_FTRUNCATE] = CHANGE,
	[NR_FALLOCATE] = CHANGE,
	[NR_UTIME] = CHANGE,
	[NR_MKNOD] = CHANGE,
	[NR_SETXATTR ... NR_FSETXATTR] = CHANGE,
	[NR_REMOVEXATTR ... NR_FREMOVEXATTR] = CHANGE,
	[NR_UTIMES] = CHANGE,
	[NR_MKDIRAT ... NR_FUTIMESAT] = CHANGE,
	[NR_UNLINKAT ... NR_SYMLINKAT] = CHANGE,
	[NR_FCHMODAT] = CHANGE,
	[NR_UTIMENSAT] = CHANGE,
	[NR_RENAMEAT2] = CHANGE,
	[NR_FCHMODAT2] = CHANGE,
	[NR_SETXATTRAT] = CHANGE,
	[NR_REMOVEXATTRAT] = CHANGE,
	[NR_PTRACE] = WATCHED,
	[NR_PROCESS_VM_READV] = WATCHED,
	[NR_PROCESS_VM_WRITEV] = WATCHED,
	[NR_PIDFD_GETFD] = WATCHED,
	[NR_PROCESS_MADVISE] = WATCHED,
	[NR_KILL] = WATCHED,
	[NR_TKILL] = WATCHED,
	[NR_TGKILL] = WATCHED,
	[NR_RT_SIGQUEUEINFO] = WATCHED,
	[NR_RT_TGSIGQUEUEINFO] = WATCHED,
	[NR_PIDFD_SEND_SIGNAL] = WATCHED,
	[NR_MEMFD_CREATE] = WATCHED,
	[NR_MEMFD_SECRET] = WATCHED,
	[NR_MOUNT] = WATCHED,
	[NR_UMOUNT2] = WATCHED,
	[NR_MOVE_MOUNT] = WATCHED,
	[NR_OPEN_TREE] = WATCHED,
	[NR_FSMOUNT] = WATCHED,
	[NR_MOUNT_SETATTR] = WATCHED,
	[NR_PIVOT_ROOT] = WATCHED,
	[NR_CHROOT] = WATCHED,
	[NR_UNSHARE] = WATCHED,
	[NR_SETNS] = WATCHED,
	[NR_INIT_MODULE] = WATCHED,
	[NR_FINIT_MODULE] = WATCHED,
	[NR_DELETE_MODULE] = WATCHED,
	[NR_KEXEC_LOAD] = WATCHED,
	[NR_KEXEC_FILE_LOAD] = WATCHED,
	[NR_BPF] = WATCHED,
	[NR_PERF_EVENT_OPEN] = WATCHED,
	[NR_USERFAULTFD] = WATCHED,
	[NR_IO_URING_SETUP] = WATCHED,
	[NR_ADD_KEY] = WATCHED,
	[NR_REQUEST_KEY] = WATCHED,
	[NR_KEYCTL] = WATCHED,
	[NR_CLOCK_SETTIME] = WATCHED,
	[NR_LANDLOCK_RESTRICT_SELF] = WATCHED,
	[NR_SETUID] = WATCHED,
	[NR_SETGID] = WATCHED,
	[NR_SETREUID] = WATCHED,
	[NR_SETREGID] = WATCHED,
	[NR_SETRESUID] = WATCHED,
	[NR_SETRESGID] = WATCHED,
	[NR_SETFSUID] = WATCHED,
	[NR_SETFSGID] = WATCHED,
	[NR_CAPSET] = WATCHED,
	[NR_MPROTECT] = WATCHED,
	[NR_PKEY_MPROTECT] = WATCHED,
	[NR_SETPRIORITY] = WATCHED,
	[NR_SCHED_SETPARAM] = WATCHED,
	[NR_SCHED_SETSCHEDULER] = WATCHED,
	[NR_SCHED_SETAFFINITY] = WATCHED,
	[NR_IOPRIO_SET] = WATCHED,
	[NR_PRLIMIT64] = WATCHED,
	[NR_SCHED_SETATTR] = WATCHED,
	[NR_IOCTL] = OTHER,
	[NR_MMAP] = OTHER,
	[NR_CONNECT] = OTHER,
	[NR_ACCEPT] = OTHER,
	[NR_ACCEPT4] = OTHER,
	[NR_SOCKET] = OTHER,
	[NR_SENDTO] = OTHER,
	[NR_SENDMSG] = OTHER,
	[NR_EXECVE] = OTHER,
	[NR_EXECVEAT] = OTHER,
	[NR_IO_GETEVENTS] = OTHER,
	[NR_IO_PGETEVENTS] = OTHER,
};

static __always_inline int watched_returned(struct session *session, struct call_args *regs, u32 call, long result)
{
	return is_worth(session, regs, call, result) ? seen_call(session, regs, call, result) : 0;
}

static __always_inline int exec_returned(struct session *session, int directory, u64 path, u64 args, long result)
{
	if (result >= 0 || -result >= ERESTARTSYS)
		return 0; /* a successful one is told as it happens, and its registers are the new program's */
	return seen_exec_failed(session, directory, path, args, -result);
}

static __always_inline int other_returned(struct session *session, struct call_args *regs, u32 call, long result)
{
	switch (call) {
	case NR_IOCTL:
		return is_setting_flags(regs->si) ? seen_change(session, regs, call, result) : 0;
	case NR_MMAP:
		mapped(session, regs, result);
		return watched_returned(session, regs, call, result);
	case NR_CONNECT:
		return seen_connect_returned(session, regs->di, (void *)regs->si, regs->dx, result);
	case NR_ACCEPT:
	case NR_ACCEPT4:
		return seen_accept(session, result);
	case NR_SOCKET:
		return seen_socket_made(session, regs->di, regs->si, regs->dx, result);
	case NR_SENDTO:
		return seen_unix_send(session, regs->di, (void *)regs->r8, regs->r9, result);
	case NR_SENDMSG:
		return seen_sendmsg(session, regs->di, (void *)regs->si, result);
	case NR_EXECVE:
		return exec_returned(session, AT_FDCWD, regs->di, regs->si, result);
	case NR_EXECVEAT:
		return exec_returned(session, regs->di, regs->si, regs->dx, result);
	case NR_IO_GETEVENTS:
	case NR_IO_PGETEVENTS: {
		struct io_events events = { .session = session, .events = regs->r10, .count = result };
		if (result > 0)
			bpf_loop(MAX_AIO_EVENTS, aio_completed, &events, 0);
		return 0;
	}
	}
	return 0;
}

static __always_inline int duplicate_returned(struct session *session, struct call_args *regs, u32 call, long result)
{
	if (result < 0 || (call == NR_FCNTL && regs->si != F_DUPFD && regs->si != F_DUPFD_CLOEXEC))
		return 0;
	seen_duplicate(session, regs->di, result);
	return 0;
}

/* What a call of a session's process comes to, told by the functions above. */
static __always_inline int call_returned(struct session *session, struct call_args *regs, u32 call, long result)
{
	switch (classes[call & (MAX_CALLS - 1)]) {
	case CLASS_OPEN:
		return any_open(session, regs, call, result);
	case CLASS_BYTES:
		return bytes_moved(session, regs, call, result);
	case CLASS_CLOSE:
		if (!result)
			seen_close(session, regs->di);
		return 0;
	case CLASS_DUPLICATE:
		return duplicate_returned(session, regs, call, result);
	case CLASS_CHANGE:
		return seen_change(session, regs, call, result);
	case CLASS_WATCHED:
		return watched_returned(session, regs, call, result);
	case CLASS_OTHER:
		return other_returned(session, regs, call, result);
	}
	return 0;
}

/* NULL outside every session, for one load. */
static __always_inline struct session *session_of_caller(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	return task->bpf_storage || waiting_count ? session_at(HOOK_SYS_EXIT) : NULL;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(tracepoint_sys_exit, struct pt_regs *regs, long result)
{
	struct session *session = session_of_caller();
	struct call_args args;
	if (!session)
		return 0;
	u32 call = call_of(regs, &args);
	if (call == NO_CALL)
		return 0;
	count_call(session, call);
	return call_returned(session, &args, call, result);
}

#endif
