/* SPDX-License-Identifier: Apache-2.0 */
/* What sessions may not lay hands on: told to the programs of bpf/lsm_guard.h. */
#ifndef SPOOR_GUARD_H
#define SPOOR_GUARD_H

#include "keep.h"

/* guard(handle, pid, startNs, ownMounts, hostMounts, files): from now on. `files`: struct guarded_file each, with its enum
 * guarded_as in the place of `spare`. It stays in force while the watch is kept and its process has gone. */
napi_value guard_begin(napi_env env, napi_callback_info info);

/* unguard(handle): nothing is guarded any more. */
napi_value guard_end(napi_env env, napi_callback_info info);

#endif
