/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The sensor's programs, as one object. One file a thing watched; the names of programs begin with the tier that
 * loads them: tracepoint_, lsm_ or both_.
 */
#include "process_exec.h"
#include "process_exit.h"
#include "process_fork.h"
#include "syscall_exit.h"
#include "tasks.h"

/* The kernel lends most of what is used here to programs under the GPL only; ours are under either licence. */
char LICENSE[] SEC("license") = "GPL";

/* Keeps the types of the boundary in the object's BTF, also those that programs touch through pointers only. */
struct record *keep_record __attribute__((unused));
struct process_fork *keep_process_fork __attribute__((unused));
struct process_exec *keep_process_exec __attribute__((unused));
struct process_exit *keep_process_exit __attribute__((unused));
struct file_open *keep_file_open __attribute__((unused));
struct network_connect *keep_network_connect __attribute__((unused));
struct counters *keep_counters __attribute__((unused));
struct task_member *keep_task_member __attribute__((unused));
struct task_existing *keep_task_existing __attribute__((unused));
enum record_kind keep_record_kind __attribute__((unused));
enum path_flag keep_path_flag __attribute__((unused));
enum exec_flag keep_exec_flag __attribute__((unused));
enum open_flag keep_open_flag __attribute__((unused));
