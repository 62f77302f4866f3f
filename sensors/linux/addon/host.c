/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* struct ucred */
#include "host.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static napi_value throw_errno(napi_env env, const char *doing)
{
	char message[256];
	snprintf(message, sizeof(message), "%s: %s", doing, strerror(errno));
	napi_throw_error(env, NULL, message);
	return NULL;
}

/* A leading '@' stands for the NUL of an abstract address (sd_notify(3)). */
static socklen_t address_of(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, length);
	if (path[0] == '@')
		address->sun_path[0] = 0;
	return offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '@' ? 0 : 1);
}

napi_value host_notify(napi_env env, napi_callback_info info)
{
	napi_value arguments[2];
	size_t count = 2, path_bytes, text_bytes;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)], text[1024];
	struct sockaddr_un address;
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	if (count < 2 || napi_get_value_string_utf8(env, arguments[0], path, sizeof(path), &path_bytes) != napi_ok ||
	    napi_get_value_string_utf8(env, arguments[1], text, sizeof(text), &text_bytes) != napi_ok ||
	    path_bytes >= sizeof(path) - 1 || path_bytes == 0) {
		napi_throw_error(env, NULL, "notify(path, text)");
		return NULL;
	}
	int to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (to < 0)
		return throw_errno(env, "making a socket");
	socklen_t bytes = address_of(&address, path);
	ssize_t sent = sendto(to, text, text_bytes, MSG_NOSIGNAL, (struct sockaddr *)&address, bytes);
	int error = errno;
	close(to);
	errno = error;
	return sent < 0 ? throw_errno(env, path) : NULL;
}

napi_value host_peer(napi_env env, napi_callback_info info)
{
	napi_value arguments[1], result, value;
	size_t count = 1;
	int32_t descriptor;
	struct ucred peer;
	socklen_t bytes = sizeof(peer);
	napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
	if (count < 1 || napi_get_value_int32(env, arguments[0], &descriptor) != napi_ok) {
		napi_throw_error(env, NULL, "peer(descriptor)");
		return NULL;
	}
	if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &bytes))
		return throw_errno(env, "asking who connected");
	napi_create_object(env, &result);
	napi_create_int32(env, peer.pid, &value);
	napi_set_named_property(env, result, "pid", value);
	napi_create_uint32(env, peer.uid, &value);
	napi_set_named_property(env, result, "uid", value);
	return result;
}

struct mapping {
	unsigned long start, end;
	bool is_program;
	/* Of the process's own, in memory or swapped out: written to, or holding somebody's breakpoint. */
	unsigned long own_kib;
};

static void unmap_unless_own(const struct mapping *mapping)
{
	if (mapping->is_program && !mapping->own_kib)
		madvise((void *)mapping->start, mapping->end - mapping->start, MADV_DONTNEED);
}

/* Takes the program's own pages out of this process: they stay in the page cache, and come back as they are needed.
 * A start runs through most of Node, a service at rest through little of it. */
static void unmap_program(void)
{
	char program[PATH_MAX], line[PATH_MAX + 128], path[PATH_MAX];
	struct mapping mapping = {};
	unsigned long start, end, kib;
	char perms[5];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	FILE *maps = length > 0 ? fopen("/proc/self/smaps", "re") : NULL;
	if (!maps)
		return; /* then they stay */
	program[length] = 0;
	while (fgets(line, sizeof(line), maps)) {
		int fields = sscanf(line, "%lx-%lx %4s %*s %*s %*s %[^\n]", &start, &end, perms, path);
		if (fields >= 3) {
			unmap_unless_own(&mapping);
			mapping = (struct mapping){ .start = start, .end = end };
			mapping.is_program = fields == 4 && perms[1] == '-' && !strcmp(path, program);
		} else if (sscanf(line, "Anonymous: %lu kB", &kib) == 1 || sscanf(line, "Swap: %lu kB", &kib) == 1) {
			mapping.own_kib += kib;
		}
	}
	unmap_unless_own(&mapping);
	fclose(maps);
}

napi_value host_trim(napi_env env, napi_callback_info info)
{
	(void)env;
	(void)info;
	malloc_trim(0);
	unmap_program();
	return NULL;
}
