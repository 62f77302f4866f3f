// Generated from the BTF of sensor.bpf.o by sensors/linux/layout.mjs. Do not edit.
// Offsets in bytes from the beginning of a record; what the fields mean: sensors/linux/bpf/records.h.

export const CHANGE_FLAG = {
  CHANGE_RESOLVED: 1,
  CHANGE_CUT: 2,
  CHANGE_UNREADABLE: 4,
  CHANGE_SECOND: 8,
  CHANGE_BY_DESCRIPTOR: 32,
  CHANGE_SILENT: 16,
} as const;

export const COUNT_PLACES = {
  KIND_PLACES: 32,
  HOOK_PLACES: 64,
  COUNT_PLACES: 2048,
} as const;

export const COUNTERS = {
  sizeBytes: 65544,
  lost: 0,
  seen: 8,
  ring_full: 16392,
  shed: 32776,
  unreadable: 49160,
} as const;

export const EXEC_FLAG = {
  EXEC_ARGS_CUT: 1,
  EXEC_ARGS_UNREADABLE: 2,
  EXEC_CALLED_CUT: 4,
  EXEC_INTERPRETED: 8,
  EXEC_IN_MEMORY: 16,
  EXEC_UPPER_LAYER: 32,
} as const;

export const FILE_CHANGE = {
  sizeBytes: 160,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  file: {
    inode: 40,
    size_bytes: 48,
    change_ns: 56,
    device: 64,
    generation: 68,
    mode: 72,
    links: 76,
  },
  values: 80,
  call: 128,
  error: 132,
  flags: 136,
  first_bytes: 140,
  second_bytes: 144,
  first: {
    text_bytes: 148,
    flags: 150,
  },
  second: {
    text_bytes: 152,
    flags: 154,
  },
  spare: 156,
} as const;

export const FILE_OPEN = {
  sizeBytes: 104,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  file: {
    inode: 40,
    size_bytes: 48,
    change_ns: 56,
    device: 64,
    generation: 68,
    mode: 72,
    links: 76,
  },
  error: 80,
  open_flags: 84,
  file_mode: 88,
  flags: 92,
  claimed_bytes: 96,
  path: {
    text_bytes: 100,
    flags: 102,
  },
} as const;

export const FILE_USE = {
  sizeBytes: 80,
  inode: 0,
  device: 8,
  generation: 12,
  first_ns: 16,
  size_bytes: 24,
  read_bytes: 32,
  written_bytes: 40,
  mapped_bytes: 48,
  mode: 56,
  opens: 60,
  accesses: 64,
  ways: 68,
  mapped: 72,
  flags: 76,
} as const;

export const FILE_USES = {
  sizeBytes: 48,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  cause: 40,
  count: 44,
} as const;

export const GUARDED_AS = {
  GUARDED_INSIDE: 1,
  GUARDED_SECRET: 2,
  GUARDED_ABOVE: 4,
  GUARDED_FILE_SYSTEM: 8,
} as const;

export const HOOK = {
  HOOK_NONE: 0,
  HOOK_SYS_EXIT: 1,
  HOOK_TASK_NEWTASK: 2,
  HOOK_PROCESS_EXEC: 3,
  HOOK_PROCESS_EXIT: 4,
  HOOK_SIGNAL_GENERATE: 5,
  HOOK_SOCK_SET_STATE: 6,
  HOOK_DESTROY_SOCK: 7,
  HOOK_SEND_LENGTH: 8,
  HOOK_RECV_LENGTH: 9,
  HOOK_SOCK_RELEASE: 10,
  HOOK_EGRESS: 11,
  HOOK_INGRESS: 12,
  HOOK_URING_SUBMIT_REQ: 13,
  HOOK_URING_SUBMIT_SQE: 14,
  HOOK_URING_COMPLETE: 15,
  HOOK_URING_OVERFLOW: 16,
  HOOK_TASKS: 17,
  HOOK_SOCKET_SENDMSG: 18,
  HOOK_FILP_OPEN: 19,
  HOOK_OPEN_ROOT: 20,
  HOOK_MAY_OPEN: 21,
  HOOK_FD_INSTALL: 22,
  HOOK_ISSUE_SQE: 23,
  HOOK_RENAME: 24,
  HOOK_LINK: 25,
  HOOK_SYMLINK: 26,
  HOOK_UNLINK: 27,
  HOOK_RMDIR: 28,
  HOOK_MKDIR: 29,
  HOOK_MKNOD: 30,
  HOOK_CHMOD: 31,
  HOOK_CHOWN: 32,
  HOOK_PATH_TRUNCATE: 33,
  HOOK_FILE_TRUNCATE: 34,
  HOOK_UTIMES: 35,
  HOOK_SETXATTR: 36,
  HOOK_REMOVEXATTR: 37,
  HOOK_INET_SENDMSG: 38,
  HOOK_INET6_SENDMSG: 39,
  HOOK_INET_SENDPAGE: 40,
  HOOK_INET_RECVMSG: 41,
  HOOK_INET6_RECVMSG: 42,
  HOOK_SPLICE_READ: 43,
  HOOK_CGROUP_ATTACH: 44,
  HOOK_COUNT: 45,
} as const;

export const NAMED_HOST = {
  NAMED_ITSELF: 1,
  NAMED_BELOW: 2,
} as const;

export const NETWORK_CLOSE = {
  sizeBytes: 120,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  local: {
    address: 40,
    port: 56,
    family: 58,
    net: 60,
  },
  peer: {
    address: 64,
    port: 80,
    family: 82,
    net: 84,
  },
  begin_ns: 88,
  sent_bytes: 96,
  received_bytes: 104,
  protocol: 112,
  spare: 116,
} as const;

export const NETWORK_CONNECT = {
  sizeBytes: 96,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  local: {
    address: 40,
    port: 56,
    family: 58,
    net: 60,
  },
  peer: {
    address: 64,
    port: 80,
    family: 82,
    net: 84,
  },
  error: 88,
  protocol: 92,
} as const;

export const NETWORK_PAYLOAD = {
  sizeBytes: 120,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  local: {
    address: 40,
    port: 56,
    family: 58,
    net: 60,
  },
  peer: {
    address: 64,
    port: 80,
    family: 82,
    net: 84,
  },
  socket: 88,
  offset: 96,
  use: 100,
  protocol: 104,
  incoming: 108,
  total_bytes: 112,
  payload_bytes: 116,
} as const;

export const NETWORK_SOCKET = {
  sizeBytes: 112,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  local: {
    address: 40,
    port: 56,
    family: 58,
    net: 60,
  },
  peer: {
    address: 64,
    port: 80,
    family: 82,
    net: 84,
  },
  act: 88,
  error: 92,
  family: 96,
  type: 100,
  protocol: 104,
  spare: 108,
} as const;

export const OPEN_FLAG = {
  OPEN_CREATED: 1,
  OPEN_CLAIMED_CUT: 2,
  OPEN_CLAIMED_UNREADABLE: 4,
  OPEN_IO_URING: 8,
  OPEN_SILENT: 16,
  OPEN_RESOLVED: 32,
} as const;

export const PATH_FLAG = {
  PATH_CUT: 1,
  PATH_DELETED: 2,
  PATH_UNREACHABLE: 4,
  PATH_UNPLACED: 8,
} as const;

export const PAYLOAD_USE = {
  PAYLOAD_DNS: 1,
  PAYLOAD_TCP_BEGIN: 2,
} as const;

export const PROCESS_EXEC = {
  sizeBytes: 168,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  parent: {
    start_ns: 40,
    pid: 48,
    spare: 52,
  },
  executable: {
    inode: 56,
    size_bytes: 64,
    change_ns: 72,
    device: 80,
    generation: 84,
    mode: 88,
    links: 92,
  },
  uid: 96,
  euid: 100,
  gid: 104,
  egid: 108,
  args_count: 112,
  flags: 116,
  args_total_bytes: 120,
  args_bytes: 124,
  called_bytes: 128,
  executable_path: {
    text_bytes: 132,
    flags: 134,
  },
  working_directory: {
    text_bytes: 136,
    flags: 138,
  },
  cgroup: {
    text_bytes: 140,
    flags: 142,
  },
  namespaces: {
    mount: 144,
    pid: 148,
    net: 152,
    user: 156,
  },
  around: 160,
  spare: 164,
} as const;

export const PROCESS_EXEC_FAILED = {
  sizeBytes: 64,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  error: 40,
  flags: 44,
  called_bytes: 48,
  args_bytes: 52,
  called_from: {
    text_bytes: 56,
    flags: 58,
  },
  spare: 60,
} as const;

export const PROCESS_EXIT = {
  sizeBytes: 48,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  status: 40,
  spare: 44,
} as const;

export const PROCESS_FORK = {
  sizeBytes: 56,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  creator: {
    start_ns: 40,
    pid: 48,
    spare: 52,
  },
} as const;

export const RECORD = {
  sizeBytes: 40,
  bytes: 0,
  kind: 4,
  boot_ns: 8,
  start_ns: 16,
  pid: 24,
  thread_id: 28,
  session: 32,
  cpu: 36,
} as const;

export const RECORD_KIND = {
  KIND_NONE: 0,
  KIND_PROCESS_FORK: 1,
  KIND_PROCESS_EXEC: 2,
  KIND_PROCESS_EXIT: 3,
  KIND_FILE_OPEN: 4,
  KIND_NETWORK_CONNECT: 5,
  KIND_PROCESS_EXEC_FAILED: 6,
  KIND_FILE_CHANGE: 7,
  KIND_FILE_USES: 8,
  KIND_NETWORK_SOCKET: 9,
  KIND_NETWORK_CLOSE: 10,
  KIND_NETWORK_PAYLOAD: 11,
  KIND_UNIX_CONNECT: 12,
  KIND_SYSCALL: 13,
  KIND_URING_OPEN: 14,
  KIND_URING_CHANGE: 15,
  KIND_URING_RESULT: 16,
  KIND_FILE_RECEIVED: 17,
  KIND_COUNT: 18,
} as const;

export const SHED_CLASS = {
  SHED_FIRST: 0,
  SHED_FILES: 1,
  SHED_OTHERS: 2,
  SHED_NEVER: 3,
} as const;

export const SOCKET_ACT = {
  SOCKET_ACCEPT: 1,
  SOCKET_LISTEN: 2,
  SOCKET_SERVED: 4,
  SOCKET_RAW: 3,
} as const;

export const SYSCALL = {
  sizeBytes: 176,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  args: 40,
  result: 88,
  target: {
    start_ns: 96,
    pid: 104,
    spare: 108,
  },
  before: {
    uid: 112,
    euid: 116,
    gid: 120,
    egid: 124,
  },
  after: {
    uid: 128,
    euid: 132,
    gid: 136,
    egid: 140,
  },
  call: 144,
  target_session: 148,
  flags: 152,
  first_bytes: 156,
  second_bytes: 160,
  third_bytes: 164,
  path: {
    text_bytes: 168,
    flags: 170,
  },
  mounts: 172,
} as const;

export const TASK_EXISTING = {
  sizeBytes: 64,
  process: {
    start_ns: 0,
    pid: 8,
    spare: 12,
  },
  parent: {
    start_ns: 16,
    pid: 24,
    spare: 28,
  },
  uid: 32,
  euid: 36,
  gid: 40,
  egid: 44,
  session: 48,
  around: 52,
  kernel_thread: 56,
  spare: 60,
} as const;

export const TASK_MEMBER = {
  sizeBytes: 16,
  process: {
    start_ns: 0,
    pid: 8,
    spare: 12,
  },
} as const;

export const UNIX_CONNECT = {
  sizeBytes: 80,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  peer: {
    start_ns: 40,
    pid: 48,
    spare: 52,
  },
  peer_session: 56,
  error: 60,
  flags: 64,
  name_bytes: 68,
  path: {
    text_bytes: 72,
    flags: 74,
  },
  spare: 76,
} as const;

export const URING_RESULT = {
  sizeBytes: 56,
  record: {
    bytes: 0,
    kind: 4,
    boot_ns: 8,
    start_ns: 16,
    pid: 24,
    thread_id: 28,
    session: 32,
    cpu: 36,
  },
  request: 40,
  error: 48,
  spare: 52,
} as const;

export const USE_CAUSE = {
  USES_CLOSE: 1,
  USES_EXIT: 2,
  USES_REFRESH: 3,
  USES_EXEC: 4,
} as const;

export const USE_FLAG = {
  USE_PATH_TOLD: 1,
} as const;

export const USE_MAP = {
  MAPPED_READ: 1,
  MAPPED_WRITE: 2,
  MAPPED_EXECUTE: 4,
} as const;

export const USE_WAY = {
  WAY_READ: 1,
  WAY_WRITE: 2,
  WAY_MMAP: 4,
  WAY_SPLICE: 8,
  WAY_SENDFILE: 16,
  WAY_COPY_FILE_RANGE: 32,
  WAY_IO_URING: 64,
  WAY_AIO: 128,
} as const;
