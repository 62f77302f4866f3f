/* SPDX-License-Identifier: Apache-2.0 */
#include "guard.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "boundary.h"

static int failed(struct kernel *kernel, int error, const char *doing)
{
	snprintf(kernel->message, sizeof(kernel->message), "%s: %s", doing, strerror(-error));
	return error;
}

static int map_named(const struct kernel *kernel, const char *name)
{
	return bpf_object__find_map_fd_by_name(kernel->object, name);
}

static int set_guard(struct kernel *kernel, const struct guard *guard)
{
	uint32_t zero = 0;
	int error = bpf_map_update_elem(map_named(kernel, ".data.guard"), &zero, guard, BPF_ANY);
	return error ? failed(kernel, error, "telling the kernel what to guard") : 0;
}

static bool is_among(const struct guarded_file *file, const struct guarded_file *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].inode == file->inode && files[i].device == file->device)
			return true;
	return false;
}

/* First those that come, then those that go: what stays is guarded all the time. */
static int set_files(struct kernel *kernel, const struct guarded_file *files, size_t count)
{
	int map = map_named(kernel, "guarded_files");
	for (size_t i = 0; i < count; i++) {
		struct guarded_file key = { .inode = files[i].inode, .device = files[i].device };
		uint8_t as = files[i].spare;
		int error = bpf_map_update_elem(map, &key, &as, BPF_ANY);
		if (error)
			return failed(kernel, error, "guarding a file");
	}
	struct guarded_file key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &next);
	while (more) {
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
		if (!is_among(&key, files, count))
			bpf_map_delete_elem(map, &key);
	}
	return 0;
}

static int add_object(struct kernel *kernel, enum guarded_kind kind, uint32_t id)
{
	struct guarded_object key = { .kind = kind, .id = id };
	uint8_t present = 1;
	int error = bpf_map_update_elem(map_named(kernel, "guarded_objects"), &key, &present, BPF_ANY);
	return error ? failed(kernel, error, "guarding a map or link") : 0;
}

static int add_link(struct kernel *kernel, int link)
{
	struct bpf_link_info info = {};
	uint32_t bytes = sizeof(info);
	if (bpf_obj_get_info_by_fd(link, &info, &bytes))
		return failed(kernel, -errno, "asking for a link's number");
	return add_object(kernel, GUARDED_LINK, info.id);
}

static int add_objects(struct kernel *kernel)
{
	struct bpf_map *map;
	int error = 0;
	bpf_object__for_each_map(map, kernel->object)
	{
		struct bpf_map_info info = {};
		uint32_t bytes = sizeof(info);
		if (error)
			break;
		if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &bytes))
			return failed(kernel, -errno, "asking for a map's number");
		error = add_object(kernel, GUARDED_MAP, info.id);
	}
	for (int i = 0; !error && i < kernel->link_count; i++)
		error = add_link(kernel, bpf_link__fd(kernel->links[i]));
	for (int i = 0; !error && i < kernel->running_count; i++)
		error = add_link(kernel, kernel->running[i].link);
	return error;
}

static napi_value thrown(napi_env env, const char *message)
{
	napi_throw_error(env, NULL, message);
	return NULL;
}

napi_value guard_begin(napi_env env, napi_callback_info info)
{
	napi_value arguments[4];
	struct guard guard = {};
	uint64_t start_ns;
	void *files;
	size_t bytes;
	bool lossless;
	struct kernel *kernel = kernel_called_on(env, info, arguments, 4);
	if (!kernel)
		return NULL;
	if (napi_get_value_uint32(env, arguments[1], &guard.pid) != napi_ok ||
	    napi_get_value_bigint_uint64(env, arguments[2], &start_ns, &lossless) != napi_ok ||
	    napi_get_buffer_info(env, arguments[3], &files, &bytes) != napi_ok)
		return thrown(env, "guard(handle, pid, startNs, files)");
	guard.start_ns = start_ns;
	size_t count = bytes / sizeof(struct guarded_file);
	for (size_t i = 0; i < count; i++)
		guard.has_secrets |= (((struct guarded_file *)files)[i].spare & GUARDED_SECRET) != 0;
	bool done = !set_files(kernel, files, count) && !add_objects(kernel) && !set_guard(kernel, &guard);
	return done ? NULL : thrown(env, kernel->message);
}

napi_value guard_end(napi_env env, napi_callback_info info)
{
	napi_value arguments[1];
	struct guard nothing = {};
	struct kernel *kernel = kernel_called_on(env, info, arguments, 1);
	if (!kernel)
		return NULL;
	return set_guard(kernel, &nothing) ? thrown(env, kernel->message) : NULL;
}
