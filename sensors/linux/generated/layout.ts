// Generated from the BTF of sensor.bpf.o by sensors/linux/layout.mjs. Do not edit.
// Offsets in bytes from the beginning of a record; what the fields mean: sensors/linux/bpf/records.h.

export const COUNTERS = {
  sizeBytes: 128,
  seen: 0,
  lost: 48,
  spare: 96,
} as const;

export const EXEC_FLAG = {
  EXEC_ARGS_CUT: 1,
  EXEC_ARGS_UNREADABLE: 2,
  EXEC_CALLED_CUT: 4,
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
    spare: 60,
  },
  peer: {
    address: 64,
    port: 80,
    family: 82,
    spare: 84,
  },
  error: 88,
  protocol: 92,
} as const;

export const OPEN_FLAG = {
  OPEN_CREATED: 1,
  OPEN_CLAIMED_CUT: 2,
  OPEN_CLAIMED_UNREADABLE: 4,
} as const;

export const PATH_FLAG = {
  PATH_CUT: 1,
  PATH_DELETED: 2,
  PATH_UNREACHABLE: 4,
  PATH_UNPLACED: 8,
} as const;

export const PROCESS_EXEC = {
  sizeBytes: 144,
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
  around: 140,
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
  KIND_COUNT: 6,
} as const;

export const TASK_EXISTING = {
  sizeBytes: 56,
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
  kernel_thread: 52,
} as const;

export const TASK_MEMBER = {
  sizeBytes: 16,
  process: {
    start_ns: 0,
    pid: 8,
    spare: 12,
  },
} as const;
