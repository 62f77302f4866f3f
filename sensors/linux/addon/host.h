/* SPDX-License-Identifier: Apache-2.0 */
/* What Node has no words for: datagrams to the service manager, who connected to a unix socket,
 * and memory that is given back. */
#ifndef SPOOR_HOST_H
#define SPOOR_HOST_H

#ifndef NAPI_VERSION
#define NAPI_VERSION 8
#endif
#include <node_api.h>

/* notify(path, text): one datagram to a unix socket, as sd_notify(3) sends it. */
napi_value host_notify(napi_env env, napi_callback_info info);

/* peer(descriptor): { pid, uid } of who connected, as it was then; pid 0 is outside our pid namespace. */
napi_value host_peer(napi_env env, napi_callback_info info);

/* trim(): gives what malloc keeps of freed memory back to the kernel. */
napi_value host_trim(napi_env env, napi_callback_info info);

#endif
