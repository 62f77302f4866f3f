/* SPDX-License-Identifier: Apache-2.0 */
/* JavaScript's side of the numbers that the programs keep: what was told, what was lost, what cannot run. */
#ifndef SPOOR_FIGURES_H
#define SPOOR_FIGURES_H

#include "keep.h"

/* counters(handle): struct counters, one a CPU. */
napi_value figures_counters(napi_env env, napi_callback_info info);

/* lost(handle): how many events were lost since the counters began, on all CPUs. */
napi_value figures_lost(napi_env env, napi_callback_info info);

/* misses(handle): { program: times not run }, as bigint, of programs that were missed at all. */
napi_value figures_misses(napi_env env, napi_callback_info info);

/* histogram(handle, slot): how often each call was made, 64-bit numbers by the call's number. */
napi_value figures_histogram(napi_env env, napi_callback_info info);

/* missing(handle): by name the programs that do not run here, with the errno of the refusal; 0: there is no place. */
napi_value figures_missing(napi_env env, napi_callback_info info);

#endif
