/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The end of every system call, on the tier whose other hooks see acts as they happen: it tells what no hook told.
 *
 *   tier lsm          tp_btf/sys_exit   as on the other tier, for what has no hook of its own or never reached it
 */
#ifndef SPOOR_LSM_CALL_H
#define SPOOR_LSM_CALL_H

#include "syscall_exit.h"

SEC("tp_btf/sys_exit")
int BPF_PROG(lsm_sys_exit, struct pt_regs *regs, long result)
{
	struct session *session = session_of_caller();
	struct pt_regs args;
	if (!session)
		return 0;
	u32 call = call_of(regs, &args);
	if (call == NO_CALL)
		return 0;
	count_call(session, call);
	return call_returned(session, &args, call, result);
}

#endif
