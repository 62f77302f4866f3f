/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* struct ucred */
#include "host.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
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

napi_value host_trim(napi_env env, napi_callback_info info)
{
	(void)env;
	(void)info;
	malloc_trim(0);
	return NULL;
}
