/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The sensor's programs, as one object. One file a thing watched; the names of programs begin with the tier that
 * loads them: tracepoint_, lsm_ or both_.
 */
#include "io_uring.h"
#include "process_exec.h"
#include "process_exit.h"
#include "process_fork.h"
#include "lsm_call.h"
#include "lsm_guard_file.h"
#include "lsm_guard_mount.h"
#include "lsm_guard_process.h"
#include "lsm_socket.h"
#include "tasks.h"

/* The kernel lends most of what is used here to programs under the GPL only; ours are under either licence. */
char LICENSE[] SEC("license") = "GPL";

/* Keeps the types of the boundary in the object's BTF, also those that programs touch through pointers only. */
#define KEEP(type) struct type *keep_##type __attribute__((unused))
#define KEEP_ENUM(type) enum type keep_##type __attribute__((unused))

KEEP(record);
KEEP(process_fork);
KEEP(process_exec);
KEEP(process_exec_failed);
KEEP(process_exit);
KEEP(file_open);
KEEP(file_change);
KEEP(file_use);
KEEP(file_uses);
KEEP(uring_result);
KEEP(network_connect);
KEEP(network_socket);
KEEP(network_close);
KEEP(network_payload);
KEEP(unix_connect);
KEEP(syscall);
KEEP(counters);
KEEP(task_member);
KEEP(task_existing);
KEEP_ENUM(record_kind);
KEEP_ENUM(hook);
KEEP_ENUM(count_places);
KEEP_ENUM(path_flag);
KEEP_ENUM(exec_flag);
KEEP_ENUM(open_flag);
KEEP_ENUM(change_flag);
KEEP_ENUM(use_way);
KEEP_ENUM(use_flag);
KEEP_ENUM(use_map);
KEEP_ENUM(use_cause);
KEEP_ENUM(socket_act);
KEEP_ENUM(payload_use);
KEEP_ENUM(named_host);
KEEP_ENUM(shed_class);
KEEP_ENUM(guarded_as);
