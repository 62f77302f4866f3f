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

/* All that is added by one call has one mark, another than what is there already. */
static uint8_t new_mark(struct kernel *kernel)
{
	int map = map_named(kernel, "guarded_objects");
	struct guarded_object first;
	uint8_t marked = 0;
	if (!bpf_map_get_next_key(map, NULL, &first))
		bpf_map_lookup_elem(map, &first, &marked);
	return marked + 1;
}

static int add_object(struct kernel *kernel, enum guarded_kind kind, uint32_t id, uint8_t mark)
{
	struct guarded_object key = { .kind = kind, .id = id };
	int error = bpf_map_update_elem(map_named(kernel, "guarded_objects"), &key, &mark, BPF_ANY);
	return error ? failed(kernel, error, "guarding a map or link") : 0;
}

/* A link that was taken off and attached again has another number, and its first is nobody's. */
static void forget_gone(struct kernel *kernel, uint8_t mark)
{
	int map = map_named(kernel, "guarded_objects");
	struct guarded_object key, next;
	uint8_t marked;
	bool more = !bpf_map_get_next_key(map, NULL, &next);
	while (more) {
		key = next;
		more = !bpf_map_get_next_key(map, &key, &next);
		if (!bpf_map_lookup_elem(map, &key, &marked) && marked != mark)
			bpf_map_delete_elem(map, &key);
	}
}

static int add_link(struct kernel *kernel, int link, uint8_t mark)
{
	struct bpf_link_info info = {};
	uint32_t bytes = sizeof(info);
	if (bpf_obj_get_info_by_fd(link, &info, &bytes))
		return failed(kernel, -errno, "asking for a link's number");
	return add_object(kernel, GUARDED_LINK, info.id, mark);
}

static int add_objects(struct kernel *kernel)
{
	struct bpf_map *map;
	int error = 0;
	uint8_t mark = new_mark(kernel);
	bpf_object__for_each_map(map, kernel->object)
	{
		struct bpf_map_info info = {};
		uint32_t bytes = sizeof(info);
		if (error)
			break;
		if (bpf_obj_get_info_by_fd(bpf_map__fd(map), &info, &bytes))
			return failed(kernel, -errno, "asking for a map's number");
		error = add_object(kernel, GUARDED_MAP, info.id, mark);
	}
	for (int i = 0; !error && i < kernel->link_count; i++)
		error = add_link(kernel, bpf_link__fd(kernel->links[i]), mark);
	for (int i = 0; !error && i < kernel->running_count; i++)
		error = add_link(kernel, kernel->running[i].link, mark);
	if (!error)
		forget_gone(kernel, mark);
	return error;
}

static napi_value thrown(napi_env env, const char *message)
{
	napi_throw_error(env, NULL, message);
	return NULL;
}

napi_value guard_begin(napi_env env, napi_callback_info info)
{
	napi_value arguments[6];
	struct guard guard = {};
	uint64_t start_ns;
	void *files;
	size_t bytes;
	bool lossless;
	struct kernel *kernel = kernel_called_on(env, info, arguments, 6);
	if (!kernel)
		return NULL;
	if (napi_get_value_uint32(env, arguments[1], &guard.pid) != napi_ok ||
	    napi_get_value_bigint_uint64(env, arguments[2], &start_ns, &lossless) != napi_ok ||
	    napi_get_value_uint32(env, arguments[3], &guard.own_mounts) != napi_ok ||
	    napi_get_value_uint32(env, arguments[4], &guard.host_mounts) != napi_ok ||
	    napi_get_buffer_info(env, arguments[5], &files, &bytes) != napi_ok)
		return thrown(env, "guard(handle, pid, startNs, ownMounts, hostMounts, files)");
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
