/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The watcher's process: not to be signalled, traced, limited or starved; and its programs in the kernel not to be taken
 * off their hooks.
 *
 *   tier lsm   security_task_*, security_ptrace_access_check, security_bpf*
 *   not refused   moving it into another control group, for which the kernel has no hook
 */
#ifndef SPOOR_LSM_GUARD_PROCESS_H
#define SPOOR_LSM_GUARD_PROCESS_H

#include "lsm_guard.h"
#include "system_call.h"

#define PTRACE_MODE_ATTACH 2 /* include/linux/ptrace.h */
#define BPF_COMMAND_LINK_UPDATE 29 /* enum bpf_cmd, of which older kernels have less */
#define BPF_COMMAND_LINK_DETACH 34

SEC("fmod_ret/security_task_kill")
int BPF_PROG(lsm_guard_kill, struct task_struct *target, struct kernel_siginfo *info, int signal)
{
	return refuse(signal && is_bound() && is_watcher(target));
}

/* A signal by way of a file (fcntl: F_SETOWN, F_SETSIG) is sent by whoever next writes to that, who need not be the one
 * who asked for it: refused whoever it is, since the watcher never asks for one. Nobody's write fails for it. */
SEC("fmod_ret/security_file_send_sigiotask")
int BPF_PROG(lsm_guard_file_signal, struct task_struct *target, struct fown_struct *owner, int signal)
{
	if (!is_watcher(target))
		return 0;
	/* The call that wrote succeeds, so nothing else would tell it. */
	seen_signal(target, signal, -EPERM);
	return -EPERM;
}

/* Also process_vm_writev(), pidfd_getfd() and the opening of /proc/PID/mem. */
SEC("fmod_ret/security_ptrace_access_check")
int BPF_PROG(lsm_guard_trace, struct task_struct *target, unsigned int mode)
{
	return refuse(mode & PTRACE_MODE_ATTACH && is_bound() && is_watcher(target));
}

SEC("fmod_ret/security_task_setrlimit")
int BPF_PROG(lsm_guard_limit, struct task_struct *target)
{
	return refuse(is_bound() && is_watcher(target));
}

SEC("fmod_ret/security_task_setnice")
int BPF_PROG(lsm_guard_nice, struct task_struct *target)
{
	return refuse(is_bound() && is_watcher(target));
}

SEC("fmod_ret/security_task_setioprio")
int BPF_PROG(lsm_guard_ioprio, struct task_struct *target)
{
	return refuse(is_bound() && is_watcher(target));
}

/* Also sched_setaffinity(). */
SEC("fmod_ret/security_task_setscheduler")
int BPF_PROG(lsm_guard_schedule, struct task_struct *target)
{
	return refuse(is_bound() && is_watcher(target));
}

/* A descriptor of one of the sensor's maps, by its pin or its number. */
SEC("fmod_ret/security_bpf_map")
int BPF_PROG(lsm_guard_map, struct bpf_map *map)
{
	return refuse(is_bound() && is_guarded_object(GUARDED_MAP, peek(map, id)));
}

/* One of the sensor's programs off its hook, or another in its place. */
SEC("fmod_ret/security_bpf")
int BPF_PROG(lsm_guard_detach, int command, union bpf_attr *attributes)
{
	if ((command != BPF_COMMAND_LINK_DETACH && command != BPF_COMMAND_LINK_UPDATE) || !is_bound())
		return 0;
	struct file *file = file_of(peek(attributes, link_detach.link_fd)); /* where link_update has its own too */
	struct bpf_link *link = file ? peek(file, private_data) : NULL;
	return refuse(link && is_guarded_object(GUARDED_LINK, peek(link, id)));
}

#endif
