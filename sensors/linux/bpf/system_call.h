/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* security.*, syscall: acts on other processes and on the system, with arguments and result. And how often a session
 * makes each call.
 *
 *   both tiers        tp_btf/sys_exit          the calls in `watched_calls`, also those that failed
 *                     tp_btf/task_newtask      clone() and clone3() into new namespaces
 *                     tp_btf/signal_generate   signals that a process of a session sends to one that is not
 *                     tp_btf/cgroup_attach_task   a process of a session moves one that is not
 *   seen by neither   what a kernel module or a program of the kernel's own does on somebody's behalf
 */
#ifndef SPOOR_SYSTEM_CALL_H
#define SPOOR_SYSTEM_CALL_H

#include "calls_x86.h"
#include "unix_connect.h"

#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED_BIT 1
#define MAP_ANONYMOUS 0x20

#define CLONE_NEW_ANY 0x7e020080 /* CLONE_NEWNS, TIME, CGROUP, UTS, IPC, USER, PID, NET */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HISTOGRAM_SESSIONS); /* times the CPUs: set at load */
	__type(key, u32);
	__type(value, struct call_counts);
} histograms SEC(".maps");

static __always_inline void count_call(const struct session *session, u32 call)
{
	if (!session->slot)
		return;
	u32 row = bpf_get_smp_processor_id() * HISTOGRAM_SESSIONS + session->slot;
	struct call_counts *counts = bpf_map_lookup_elem(&histograms, &row);
	if (counts)
		__sync_fetch_and_add(&counts->calls[call & (MAX_CALLS - 1)], 1);
}

/* Where a call's texts and its target stand: numbers of its arguments. */
struct watched_call {
	s8 used;
	s8 first;
	s8 second;
	s8 third;
	s8 target; /* a process id */
	s8 descriptor; /* a pidfd */
};

static const struct watched_call watched_calls[MAX_CALLS] = {
	[NR_PTRACE] = { 1, -1, -1, -1, 1, -1 },
	[NR_PROCESS_VM_READV] = { 1, -1, -1, -1, 0, -1 },
	[NR_PROCESS_VM_WRITEV] = { 1, -1, -1, -1, 0, -1 },
	[NR_PIDFD_GETFD] = { 1, -1, -1, -1, -1, 0 },
	[NR_PROCESS_MADVISE] = { 1, -1, -1, -1, -1, 0 },
	[NR_KILL] = { 1, -1, -1, -1, 0, -1 },
	[NR_TKILL] = { 1, -1, -1, -1, 0, -1 },
	[NR_TGKILL] = { 1, -1, -1, -1, 0, -1 },
	[NR_RT_SIGQUEUEINFO] = { 1, -1, -1, -1, 0, -1 },
	[NR_RT_TGSIGQUEUEINFO] = { 1, -1, -1, -1, 0, -1 },
	[NR_PIDFD_SEND_SIGNAL] = { 1, -1, -1, -1, -1, 0 },
	[NR_MEMFD_CREATE] = { 1, 0, -1, -1, -1, -1 },
	[NR_MEMFD_SECRET] = { 1, -1, -1, -1, -1, -1 },
	[NR_MOUNT] = { 1, 1, 0, 2, -1, -1 },
	[NR_UMOUNT2] = { 1, 0, -1, -1, -1, -1 },
	[NR_MOVE_MOUNT] = { 1, 3, 1, -1, -1, -1 },
	[NR_OPEN_TREE] = { 1, 1, -1, -1, -1, -1 },
	[NR_FSMOUNT] = { 1, -1, -1, -1, -1, -1 },
	[NR_MOUNT_SETATTR] = { 1, 1, -1, -1, -1, -1 },
	[NR_PIVOT_ROOT] = { 1, 0, 1, -1, -1, -1 },
	[NR_CHROOT] = { 1, 0, -1, -1, -1, -1 },
	[NR_UNSHARE] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETNS] = { 1, -1, -1, -1, -1, -1 },
	[NR_INIT_MODULE] = { 1, -1, -1, -1, -1, -1 },
	[NR_FINIT_MODULE] = { 1, -1, -1, -1, -1, -1 },
	[NR_DELETE_MODULE] = { 1, 0, -1, -1, -1, -1 },
	[NR_KEXEC_LOAD] = { 1, -1, -1, -1, -1, -1 },
	[NR_KEXEC_FILE_LOAD] = { 1, -1, -1, -1, -1, -1 },
	[NR_BPF] = { 1, -1, -1, -1, -1, -1 },
	[NR_PERF_EVENT_OPEN] = { 1, -1, -1, -1, -1, -1 },
	[NR_USERFAULTFD] = { 1, -1, -1, -1, -1, -1 },
	[NR_IO_URING_SETUP] = { 1, -1, -1, -1, -1, -1 },
	[NR_ADD_KEY] = { 1, 1, -1, -1, -1, -1 },
	[NR_REQUEST_KEY] = { 1, 1, -1, -1, -1, -1 },
	[NR_KEYCTL] = { 1, -1, -1, -1, -1, -1 },
	[NR_CLOCK_SETTIME] = { 1, -1, -1, -1, -1, -1 },
	[NR_LANDLOCK_RESTRICT_SELF] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETPRIORITY] = { 1, -1, -1, -1, 1, -1 },
	[NR_SCHED_SETPARAM] = { 1, -1, -1, -1, 0, -1 },
	[NR_SCHED_SETSCHEDULER] = { 1, -1, -1, -1, 0, -1 },
	[NR_SCHED_SETAFFINITY] = { 1, -1, -1, -1, 0, -1 },
	[NR_IOPRIO_SET] = { 1, -1, -1, -1, 1, -1 },
	[NR_PRLIMIT64] = { 1, -1, -1, -1, 0, -1 },
	[NR_SCHED_SETATTR] = { 1, -1, -1, -1, 0, -1 },
	[NR_SETUID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETGID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETREUID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETREGID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETRESUID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETRESGID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETFSUID] = { 1, -1, -1, -1, -1, -1 },
	[NR_SETFSGID] = { 1, -1, -1, -1, -1, -1 },
	[NR_CAPSET] = { 1, -1, -1, -1, -1, -1 },
	[NR_MMAP] = { 1, -1, -1, -1, -1, -1 },
	[NR_MPROTECT] = { 1, -1, -1, -1, -1, -1 },
	[NR_PKEY_MPROTECT] = { 1, -1, -1, -1, -1, -1 },
};

static __always_inline u64 call_argument(const struct syscall *event, s8 number)
{
	u32 index = number;
	return index < 6 ? event->args[index] : 0;
}

static __always_inline u32 append_call_text(struct scratch *scratch, struct syscall *event, s8 number)
{
	u64 pointer = call_argument(event, number);
	long length = pointer ? append_user_string(scratch, (void *)pointer) : 0;
	if (length < 0)
		event->flags |= CHANGE_UNREADABLE;
	return length > 0 ? length : 0;
}

static __always_inline void credentials_of(struct task_struct *task, struct credentials *to)
{
	const struct cred *cred = peek(task, cred);
	to->uid = peek(cred, uid.val);
	to->euid = peek(cred, euid.val);
	to->gid = peek(cred, gid.val);
	to->egid = peek(cred, egid.val);
}

/* Of a process's pidfd: since 6.9 a file of pidfs, before an anonymous inode shared by all. */
static __always_inline struct pid *pid_of_pidfd(int descriptor)
{
	struct file *file = file_of(descriptor);
	if (!file)
		return NULL;
	struct pid *pid = peek(peek(file, f_inode), i_private);
	return pid ? pid : peek(file, private_data);
}

/* A namespace file says of which kind it is, where the caller of setns() does not. */
static __always_inline struct scratch *begin_call(struct session *session, u32 number, long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct path_text nothing = {};
	struct scratch *scratch = reserve(session->hook, KIND_SYSCALL, sizeof(struct syscall), task, session->id);
	if (!scratch)
		return NULL;
	struct syscall *event = (void *)scratch->bytes;
	__builtin_memset(event->args, 0, sizeof(event->args));
	__builtin_memset(&event->target, 0, sizeof(event->target));
	event->result = result;
	event->before = session->credentials;
	credentials_of(task, &event->after);
	event->call = number;
	event->target_session = 0;
	event->flags = 0;
	event->first_bytes = event->second_bytes = event->third_bytes = 0;
	event->path = nothing;
	event->mounts = peek(peek(peek(task, nsproxy), mnt_ns), ns.inum);
	return scratch;
}

/* Brings what a file holds into the kernel, by its descriptor. */
static __always_inline bool is_loading(u32 number)
{
	return number == NR_FINIT_MODULE || number == NR_KEXEC_FILE_LOAD;
}

/* Takes a path first, of where something is mounted, from the directory `from`. */
static __always_inline bool is_mounting(u32 number, const struct call_args *regs, int *from)
{
	*from = AT_FDCWD;
	switch (number) {
	case NR_MOVE_MOUNT:
		*from = regs->dx;
		return true;
	case NR_OPEN_TREE:
	case NR_MOUNT_SETATTR:
		*from = regs->di;
		return true;
	case NR_MOUNT:
	case NR_UMOUNT2:
	case NR_PIVOT_ROOT:
		return true;
	}
	return false;
}

static __noinline int seen_call(struct session *session, struct call_args *regs, u32 number, long result)
{
	const struct watched_call *call = &watched_calls[number & (MAX_CALLS - 1)];
	if (result < 0 && -result >= ERESTARTSYS && -result <= ERESTART_LAST)
		return 0;
	struct scratch *scratch = begin_call(session, number, result);
	if (!scratch)
		return 0;
	struct syscall *event = (void *)scratch->bytes;
	event->args[0] = regs->di;
	event->args[1] = regs->si;
	event->args[2] = regs->dx;
	event->args[3] = regs->r10;
	event->args[4] = regs->r8;
	event->args[5] = regs->r9;
	if (call->target >= 0) {
		event->target.pid = call_argument(event, call->target);
	} else if (call->descriptor >= 0) {
		struct pid *pid = pid_of_pidfd(call_argument(event, call->descriptor));
		if (pid)
			identity_of_pid(pid, &event->target);
	}
	u32 first_at = scratch->used;
	int from;
	event->first_bytes = append_call_text(scratch, event, call->first);
	event->second_bytes = append_call_text(scratch, event, call->second);
	event->third_bytes = append_call_text(scratch, event, call->third);
	struct file *loaded = is_loading(number) ? file_of(regs->di) : NULL;
	if (loaded)
		append_path(scratch, peek(loaded, f_path.mnt), peek(loaded, f_path.dentry), &event->path);
	else if (is_mounting(number, regs, &from))
		append_start(scratch, first_at, event->first_bytes, from, &event->path);
	session->credentials = event->after;
	submit(scratch);
	return 0;
}

/* include/uapi/linux/ptrace.h, arch/x86/include/uapi/asm/ptrace-abi.h */
#define PTRACE_TRACEME 0
#define PTRACE_POKETEXT 4
#define PTRACE_POKEDATA 5
#define PTRACE_POKEUSR 6
#define PTRACE_KILL 8
#define PTRACE_SETREGS 13
#define PTRACE_SETFPREGS 15
#define PTRACE_ATTACH 16
#define PTRACE_SETFPXREGS 19
#define PTRACE_SET_THREAD_AREA 26
#define PTRACE_SETSIGINFO 0x4203
#define PTRACE_SETREGSET 0x4205
#define PTRACE_SEIZE 0x4206

/* What begins a trace or changes the traced. What steers it and looks into it comes a dozen times for each of its
 * system calls (20,000 in a small build under strace) and is counted in the histogram. */
static __always_inline bool is_worth_ptrace(u64 request)
{
	switch (request) {
	case PTRACE_TRACEME:
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
	case PTRACE_POKEUSR:
	case PTRACE_KILL:
	case PTRACE_SETREGS:
	case PTRACE_SETFPREGS:
	case PTRACE_ATTACH:
	case PTRACE_SETFPXREGS:
	case PTRACE_SET_THREAD_AREA:
	case PTRACE_SETSIGINFO:
	case PTRACE_SETREGSET:
	case PTRACE_SEIZE:
		return true;
	}
	return false;
}

#define PRIO_PROCESS 0
#define IOPRIO_WHO_PROCESS 1

static __always_inline bool is_another(u32 pid)
{
	struct task_struct *task = bpf_get_current_task_btf();
	return pid && pid != (u32)task->pid && pid != (u32)task->tgid;
}

/* Which calls of the list are worth telling: the frequent ones only when they do what they are watched for. */
static __always_inline bool is_worth(struct session *session, struct call_args *regs, u32 number, long result)
{
	switch (number) {
	case NR_MMAP:
		/* Memory of no file that may be run. What maps a file to run it shows as the file's use. */
		if (result < 0 && result >= -MAX_ERRNO)
			return false;
		if (!(regs->dx & PROT_EXEC) || !(regs->r10 & MAP_ANONYMOUS))
			return false;
		break;
	case NR_MPROTECT:
	case NR_PKEY_MPROTECT:
		if (result || !(regs->dx & PROT_EXEC))
			return false;
		break;
	case NR_PTRACE:
		return is_worth_ptrace(regs->di);
	case NR_KILL:
	case NR_TKILL:
	case NR_TGKILL:
	case NR_RT_SIGQUEUEINFO:
	case NR_RT_TGSIGQUEUEINFO:
	case NR_PIDFD_SEND_SIGNAL:
		return result == -EPERM; /* those that were sent are told as they arrive */
	case NR_PRLIMIT64:
		return regs->dx && is_another(regs->di);
	case NR_SETPRIORITY:
		return regs->di == PRIO_PROCESS && is_another(regs->si);
	case NR_IOPRIO_SET:
		return regs->di == IOPRIO_WHO_PROCESS && is_another(regs->si);
	case NR_SCHED_SETPARAM:
	case NR_SCHED_SETSCHEDULER:
	case NR_SCHED_SETAFFINITY:
	case NR_SCHED_SETATTR:
		return is_another(regs->di);
	default:
		return true;
	}
	/* A just-in-time compiler changes protections thousands of times; each kind of it is told once a thread. */
	u32 kind = 1u << (regs->dx & 7);
	if (session->memory_told & kind)
		return false;
	session->memory_told |= kind;
	return true;
}

static __always_inline int seen_new_namespaces(struct session *session, struct task_struct *child, u64 flags)
{
	struct scratch *scratch = begin_call(session, 56 /* clone */, child->tgid);
	if (!scratch)
		return 0;
	struct syscall *event = (void *)scratch->bytes;
	event->args[0] = flags;
	process_identity(child, &event->target);
	submit(scratch);
	return 0;
}

#define SIGNAL_BIT(signal) (1ull << (signal))
/* SIGILL, TRAP, BUS, FPE, SEGV, CHLD, POLL, SYS: a code above zero is one of their own. */
#define SIGNALS_WITH_CODES                                                                                   \
	(SIGNAL_BIT(4) | SIGNAL_BIT(5) | SIGNAL_BIT(7) | SIGNAL_BIT(8) | SIGNAL_BIT(11) | SIGNAL_BIT(17) |   \
	 SIGNAL_BIT(29) | SIGNAL_BIT(31))
#define SIGIO 29
#define LAST_POLL_CODE 6 /* POLL_HUP, include/uapi/asm-generic/siginfo.h */

/* Signals of the kernel's own (a child's end, a broken pipe) are no act: they have no siginfo of a sender, or a code
 * above zero (SI_USER is 0, SI_QUEUE and SI_TKILL are below). But one that somebody chose to be sent when a file is
 * ready (F_SETSIG) has the code of that, whichever it is (send_sigio_to_task() in fs/fcntl.c). */
static __always_inline bool from_user(struct kernel_siginfo *info, int signal)
{
	if ((unsigned long)info <= 1)
		return info && signal == SIGIO; /* what is sent then without a choice */
	int code = peek(info, si_code);
	return code <= 0 || (code <= LAST_POLL_CODE && !(SIGNALS_WITH_CODES & SIGNAL_BIT(signal & 63)));
}

static __always_inline int seen_signal(struct task_struct *target, int signal, long result)
{
	struct session *from = session_at(HOOK_SIGNAL_GENERATE);
	if (!from)
		return 0;
	struct session *to = session_of(target);
	if (to && to->id == from->id)
		return 0; /* a tree ending its own children is no news */
	struct scratch *scratch = begin_call(from, NR_KILL, result);
	if (!scratch)
		return 0;
	struct syscall *event = (void *)scratch->bytes;
	event->args[0] = target->tgid;
	event->args[1] = signal;
	process_identity(target, &event->target);
	event->target_session = to ? to->id : 0;
	submit(scratch);
	return 0;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(both_signal, int signal, struct kernel_siginfo *info, struct task_struct *target, int group, int result)
{
	return from_user(info, signal) ? seen_signal(target, signal, 0) : 0;
}

/* By a write to a file of that group, whose number is not known here. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(both_cgroup_attach, struct cgroup *group, const char *path, struct task_struct *target)
{
	struct session *from = session_at(HOOK_CGROUP_ATTACH);
	struct session *to = from ? session_of(target) : NULL;
	if (!from || (to && to->id == from->id))
		return 0;
	struct scratch *scratch = begin_call(from, NR_WRITE, 0);
	if (!scratch)
		return 0;
	struct syscall *event = (void *)scratch->bytes;
	process_identity(target, &event->target);
	event->target_session = to ? to->id : 0;
	event->first_bytes = append_kernel_string(scratch, path);
	submit(scratch);
	return 0;
}

#endif
