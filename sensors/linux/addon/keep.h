/* SPDX-License-Identifier: Apache-2.0 */
/* JavaScript's side of what is kept in the kernel (pins.h). */
#ifndef SPOOR_KEEP_H
#define SPOOR_KEEP_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>

#include "kernel.h"

/* The kernel of a handle that is open; NULL, and an error thrown, for anything else. */
struct kernel *kernel_of(napi_env env, napi_value value);

/* The kernel of the handle that a call of `count` arguments begins with; NULL, and an error thrown, without one. */
struct kernel *kernel_called_on(napi_env env, napi_callback_info info, napi_value *arguments, size_t count);

/* kept(handle): what was found when the sensor was opened and attached; undefined when nothing is to be kept. */
napi_value keep_kept(napi_env env, napi_callback_info info);

/* mark(handle, position, records, index): everything before `position` of the ring is in the log for good. */
napi_value keep_mark(napi_env env, napi_callback_info info);

/* forget(handle): nothing goes on any more when this process ends, or detaches. */
napi_value keep_forget(napi_env env, napi_callback_info info);

/* verdict(handle, tag): what became of a suspect's tag; 0 when that is not known any more. */
napi_value keep_verdict(napi_env env, napi_callback_info info);

/* unkeep(path): takes away what is kept there. */
napi_value keep_remove(napi_env env, napi_callback_info info);

#endif
