/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <string.h>

#include "boundary.h"

static napi_value copied(napi_env env, const void *from, size_t bytes)
{
	napi_value buffer;
	if (napi_create_buffer_copy(env, bytes, from, NULL, &buffer) == napi_ok)
		return buffer;
	napi_throw_error(env, NULL, "no memory for an answer");
	return NULL;
}

napi_value figures_counters(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	struct kernel *kernel = kernel_called_on(env, info, arguments, 1);
	if (!kernel)
		return NULL;
	return copied(env, kernel->counters, sizeof(struct counters) * kernel->cpus);
}

napi_value figures_lost(napi_env env, napi_callback_info info)
{
	napi_value arguments[1], value;
	struct kernel *kernel = kernel_called_on(env, info, arguments, 1);
	if (!kernel)
		return NULL;
	napi_create_double(env, kernel_lost(kernel), &value);
	return value;
}

struct answer {
	napi_env env;
	napi_value object;
};

static void add_missed(const char *program, uint64_t missed, void *context)
{
	struct answer *answer = context;
	napi_value value;
	napi_create_bigint_uint64(answer->env, missed, &value);
	napi_set_named_property(answer->env, answer->object, program, value);
}

napi_value figures_misses(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	struct kernel *kernel = kernel_called_on(env, info, arguments, 1);
	if (!kernel)
		return NULL;
	struct answer answer = { .env = env };
	napi_create_object(env, &answer.object);
	kernel_misses(kernel, add_missed, &answer);
	return answer.object;
}

napi_value figures_histogram(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	uint32_t slot;
	uint64_t calls[MAX_CALLS];
	struct kernel *kernel = kernel_called_on(env, info, arguments, 2);
	if (!kernel)
		return NULL;
	if (napi_get_value_uint32(env, arguments[1], &slot) != napi_ok || slot >= HISTOGRAM_SESSIONS) {
		napi_throw_error(env, NULL, "histogram(handle, slot)");
		return NULL;
	}
	kernel_histogram(kernel, slot, calls, MAX_CALLS);
	return copied(env, calls, sizeof(calls));
}

napi_value figures_missing(napi_env env, napi_callback_info info)
{
	napi_value arguments[1], programs, program, hook, error;
	struct kernel *kernel = kernel_called_on(env, info, arguments, 1);
	if (!kernel)
		return NULL;
	const struct missing_programs *all = &kernel->missing;
	napi_create_object(env, &programs);
	for (int i = 0; i < all->count; i++) {
		napi_create_object(env, &program);
		napi_create_string_utf8(env, all->list[i].hook, NAPI_AUTO_LENGTH, &hook);
		napi_set_named_property(env, program, "hook", hook);
		napi_create_int32(env, all->list[i].error, &error);
		napi_set_named_property(env, program, "errno", error);
		napi_set_named_property(env, programs, all->list[i].name, program);
	}
	return programs;
}
