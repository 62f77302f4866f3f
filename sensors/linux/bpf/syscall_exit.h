/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The end of every system call of the host: which seen_* function it concerns, if any.
 *
 * One program for all calls, as each further one costs every call of every process. The order of the tests is
 * measured: the number first (a load from pt_regs), the session next (a load from the task), anything else last.
 * The numbers are those of the 64-bit table; a 32-bit program's calls are counted in another (TS_COMPAT).
 */
#ifndef SPOOR_SYSCALL_EXIT_H
#define SPOOR_SYSCALL_EXIT_H

#include "file_open.h"
#include "network_connect.h"

#if defined(__TARGET_ARCH_x86)
#define NR_OPEN 2
#define NR_CONNECT 42
#define NR_CREAT 85
#define NR_OPENAT 257
#define NR_OPEN_BY_HANDLE_AT 304
#define NR_OPENAT2 437
#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: thread_info.status */
#else
#error "spoor's tracepoint tier knows the system calls of x86_64 only"
#endif

#define CREAT_FLAGS (00000001 | 00000100 | 00001000) /* O_WRONLY | O_CREAT | O_TRUNC, fs/open.c: creat() */

static __always_inline int open_returned(struct session *session, struct open_request *request, long result)
{
	u32 error = -result;
	if (result >= 0) {
		struct file *file = file_of(result);
		return file ? seen_open(session, file, request->flags) : 0;
	}
	if (error >= ERESTARTSYS && error <= ERESTART_LAST)
		return 0;
	return seen_open_failed(session, request, error);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(tracepoint_sys_exit, struct pt_regs *regs, long result)
{
	u64 call = regs->orig_ax;
	switch (call) {
	case NR_OPEN:
	case NR_CONNECT:
	case NR_CREAT:
	case NR_OPENAT:
	case NR_OPEN_BY_HANDLE_AT:
	case NR_OPENAT2:
		break;
	default:
		return 0;
	}
	struct task_struct *task = bpf_get_current_task_btf();
	struct session *session = session_of(task);
	if (!session || task->thread_info.status & TS_COMPAT)
		return 0;

	struct open_request request = { .directory = AT_FDCWD };
	switch (call) {
	case NR_CONNECT:
		return seen_connect_returned(session, regs->di, (void *)regs->si, result);
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

#endif
