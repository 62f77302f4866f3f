/** The attach points by the numbers that the programs count under (bpf/records.h, enum hook). */

import { HOOK } from './generated/layout.ts';

const NAMES: Readonly<Record<number, string>> = {
  [HOOK.HOOK_SYS_EXIT]: 'tp_btf/sys_exit',
  [HOOK.HOOK_TASK_NEWTASK]: 'tp_btf/task_newtask',
  [HOOK.HOOK_PROCESS_EXEC]: 'tp_btf/sched_process_exec',
  [HOOK.HOOK_PROCESS_EXIT]: 'tp_btf/sched_process_exit',
  [HOOK.HOOK_SIGNAL_GENERATE]: 'tp_btf/signal_generate',
  [HOOK.HOOK_SOCK_SET_STATE]: 'tp_btf/inet_sock_set_state',
  [HOOK.HOOK_DESTROY_SOCK]: 'tp_btf/tcp_destroy_sock',
  [HOOK.HOOK_SEND_LENGTH]: 'tp_btf/sock_send_length',
  [HOOK.HOOK_RECV_LENGTH]: 'tp_btf/sock_recv_length',
  [HOOK.HOOK_SOCK_RELEASE]: 'cgroup/sock_release',
  [HOOK.HOOK_EGRESS]: 'cgroup_skb/egress',
  [HOOK.HOOK_INGRESS]: 'cgroup_skb/ingress',
  [HOOK.HOOK_URING_SUBMIT_REQ]: 'tp_btf/io_uring_submit_req',
  [HOOK.HOOK_URING_SUBMIT_SQE]: 'tp_btf/io_uring_submit_sqe',
  [HOOK.HOOK_URING_COMPLETE]: 'tp_btf/io_uring_complete',
  [HOOK.HOOK_URING_OVERFLOW]: 'tp_btf/io_uring_cqe_overflow',
  [HOOK.HOOK_TASKS]: 'iter/task',
  [HOOK.HOOK_SOCKET_SENDMSG]: 'fentry/security_socket_sendmsg',
  [HOOK.HOOK_FILP_OPEN]: 'fexit/do_filp_open',
  [HOOK.HOOK_OPEN_ROOT]: 'fexit/do_file_open_root',
  [HOOK.HOOK_MAY_OPEN]: 'fexit/may_open',
  [HOOK.HOOK_FD_INSTALL]: 'fentry/fd_install',
  [HOOK.HOOK_ISSUE_SQE]: 'fentry/io_issue_sqe',
  [HOOK.HOOK_RENAME]: 'fentry/security_path_rename',
  [HOOK.HOOK_LINK]: 'fentry/security_path_link',
  [HOOK.HOOK_SYMLINK]: 'fentry/security_path_symlink',
  [HOOK.HOOK_UNLINK]: 'fentry/security_path_unlink',
  [HOOK.HOOK_RMDIR]: 'fentry/security_path_rmdir',
  [HOOK.HOOK_MKDIR]: 'fentry/security_path_mkdir',
  [HOOK.HOOK_MKNOD]: 'fentry/security_path_mknod',
  [HOOK.HOOK_CHMOD]: 'fentry/security_path_chmod',
  [HOOK.HOOK_CHOWN]: 'fentry/security_path_chown',
  [HOOK.HOOK_PATH_TRUNCATE]: 'fentry/security_path_truncate',
  [HOOK.HOOK_FILE_TRUNCATE]: 'fentry/security_file_truncate',
  [HOOK.HOOK_UTIMES]: 'fentry/vfs_utimes',
  [HOOK.HOOK_CGROUP_ATTACH]: 'tp_btf/cgroup_attach_task',
  [HOOK.HOOK_SETXATTR]: 'fentry/security_inode_setxattr',
  [HOOK.HOOK_REMOVEXATTR]: 'fentry/security_inode_removexattr',
  [HOOK.HOOK_INET_SENDMSG]: 'fexit/inet_sendmsg',
  [HOOK.HOOK_INET6_SENDMSG]: 'fexit/inet6_sendmsg',
  [HOOK.HOOK_INET_SENDPAGE]: 'fexit/inet_sendpage',
  [HOOK.HOOK_INET_RECVMSG]: 'fexit/inet_recvmsg',
  [HOOK.HOOK_INET6_RECVMSG]: 'fexit/inet6_recvmsg',
  [HOOK.HOOK_SPLICE_READ]: 'fexit/tcp_splice_read',
};

/** As in a program's section; a number that has no name here is shown as it is. */
export function hookName(hook: number): string {
  return NAMES[hook] ?? `hook ${hook}`;
}
