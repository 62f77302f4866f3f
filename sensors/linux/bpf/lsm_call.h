/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The end of every system call, on the tier whose other hooks see acts as they happen: it tells what no hook told.
 *
 *   tier lsm          tp_btf/sys_exit   as on the other tier, for what has no hook of its own or never reached it
 */
#ifndef SPOOR_LSM_CALL_H
#define SPOOR_LSM_CALL_H

#include "lsm_open.h"
#include "lsm_uring.h"

/* Told by a hook: nothing of it is told again. */
static __always_inline int call_told(struct session *session, struct task_act *act, struct call_args *regs, u32 call,
				     long result)
{
	u32 class = classes[call & (MAX_CALLS - 1)];
	if (class == CLASS_CHANGE)
		return change_ended(act, result < 0 ? -result : 0, regs, call);
	drop_held(act);
	return class == CLASS_OPEN ? 0 : call_returned(session, regs, call, result);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(lsm_sys_exit, struct pt_regs *regs, long result)
{
	struct session *session = session_of_caller();
	struct call_args args;
	if (!session)
		return 0;
	struct task_act *act = known_act(bpf_get_current_task_btf());
	bool told = act && act->told;
	if (told)
		act->told = 0;
	u32 call = call_of(regs, &args);
	if (call == NO_CALL) {
		if (told)
			drop_held(act);
		return 0;
	}
	count_call(session, call);
	return told ? call_told(session, act, &args, call, result) : call_returned(session, &args, call, result);
}

#endif
