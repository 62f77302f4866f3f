/* SPDX-License-Identifier: Apache-2.0 */
#include "keep.h"
#include "verdicts.h"

static void set(napi_env env, napi_value object, const char *name, napi_value value)
{
	napi_set_named_property(env, object, name, value);
}

static void set_number(napi_env env, napi_value object, const char *name, uint64_t number)
{
	napi_value value;
	napi_create_bigint_uint64(env, number, &value);
	set(env, object, name, value);
}

static void set_yes_or_no(napi_env env, napi_value object, const char *name, bool yes)
{
	napi_value value;
	napi_get_boolean(env, yes, &value);
	set(env, object, name, value);
}

static napi_value numbers(napi_env env, const uint64_t *from, size_t count)
{
	napi_value list, value;
	napi_create_array_with_length(env, count, &list);
	for (size_t i = 0; i < count; i++) {
		napi_create_bigint_uint64(env, from[i], &value);
		napi_set_element(env, list, i, value);
	}
	return list;
}

struct kernel *kernel_called_on(napi_env env, napi_callback_info info, napi_value *arguments, size_t count)
{
	size_t given = count;
	napi_get_cb_info(env, info, &given, arguments, NULL, NULL);
	if (given < count) {
		napi_throw_error(env, NULL, "too few arguments");
		return NULL;
	}
	return kernel_of(env, arguments[0]);
}

napi_value keep_kept(napi_env env, napi_callback_info info)
{
	static const char *const found[] = { "nothing", "same", "other", "broken" };
	napi_value arguments[1], answer, value;
	size_t count = 1;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	struct kernel *kernel = kernel_of(env, arguments[0]);
	if (!kernel || !kernel->pins.folder)
		return NULL;
	const struct pins *pins = &kernel->pins;
	napi_create_object(env, &answer);
	napi_create_string_utf8(env, found[pins->found], NAPI_AUTO_LENGTH, &value);
	set(env, answer, "found", value);
	set_yes_or_no(env, answer, "tagsKept", pins->tags_kept);
	set_yes_or_no(env, answer, "overwritten", pins->overwritten);
	set_number(env, answer, "replayUntil", pins->replay_until);
	set_number(env, answer, "markIndex", pins->before.mark_index);
	set_number(env, answer, "unmarked", pins->before.taken_records - pins->before.mark_records);
	set(env, answer, "unread", numbers(env, pins->unread, MAX_UNREAD_KINDS));
	napi_create_array(env, &value);
	/* Of the same programs, what had to be attached again. */
	for (int i = 0; pins->found == PINS_SAME && i < kernel->link_count; i++) {
		napi_value name;
		napi_create_string_utf8(env, kernel->linked[i], NAPI_AUTO_LENGTH, &name);
		napi_set_element(env, value, i, name);
	}
	set(env, answer, "attachedAgain", value);
	return answer;
}

napi_value keep_mark(napi_env env, napi_callback_info info)
{
	napi_value arguments[4];
	size_t count = 4;
	uint64_t numbers[3];
	bool lossless;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	struct kernel *kernel = kernel_of(env, arguments[0]);
	for (int i = 0; kernel && i < 3; i++)
		if (count < 4 ||
		    napi_get_value_bigint_uint64(env, arguments[i + 1], &numbers[i], &lossless) != napi_ok) {
			napi_throw_error(env, NULL, "mark(handle, position, records, index)");
			return NULL;
		}
	if (kernel)
		pins_mark(&kernel->pins, numbers[0], numbers[1], numbers[2]);
	return NULL;
}

napi_value keep_forget(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	size_t count = 1;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	struct kernel *kernel = kernel_of(env, arguments[0]);
	if (kernel && pins_forget(kernel))
		napi_throw_error(env, NULL, kernel->message);
	return NULL;
}

napi_value keep_verdict(napi_env env, napi_callback_info info)
{
	napi_value arguments[2], becomes = NULL;
	size_t count = 2;
	uint32_t tag = 0;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	struct kernel *kernel = kernel_of(env, arguments[0]);
	if (!kernel)
		return NULL;
	if (count < 2 || napi_get_value_uint32(env, arguments[1], &tag) != napi_ok)
		napi_throw_error(env, NULL, "verdict(handle, tag)");
	else
		napi_create_uint32(env, verdicts_of(kernel, tag), &becomes);
	return becomes;
}

napi_value keep_remove(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	size_t count = 1, length;
	char path[256], reason[MESSAGE_BYTES];
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	if (napi_get_value_string_utf8(env, arguments[0], path, sizeof(path), &length) != napi_ok)
		napi_throw_error(env, NULL, "unkeep(path)");
	else if (pins_remove(path, reason, sizeof(reason)))
		napi_throw_error(env, NULL, reason);
	return NULL;
}
