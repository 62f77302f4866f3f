/** Records of watched system calls: acts on other processes and on the system. */

import type {
  Credentials,
  ProcessRef,
  SecurityActOf,
  SecurityKind,
  SensorEvent,
  SessionTag,
  SystemCall,
} from '../event.ts';
import { callName } from './calls.ts';
import { CHANGE_FLAG, SYSCALL } from './generated/layout.ts';
import { type Batch, RecordOf } from './record.ts';
import { joined } from './text.ts';

/** What the sensor knows of processes: which session one is of, and when a pid's present process began. */
export interface KnownProcesses {
  sessionOf(process: ProcessRef): SessionTag;
  startOf(pid: number): bigint;
}

const KINDS: { readonly [call: string]: SecurityKind } = {
  ptrace: 'security.ptrace',
  process_vm_readv: 'security.process_memory',
  process_vm_writev: 'security.process_memory',
  process_madvise: 'security.process_memory',
  pidfd_getfd: 'security.pidfd_getfd',
  prlimit64: 'security.resources',
  setpriority: 'security.resources',
  ioprio_set: 'security.resources',
  sched_setparam: 'security.resources',
  sched_setscheduler: 'security.resources',
  sched_setaffinity: 'security.resources',
  sched_setattr: 'security.resources',
  // Only that which moves a process into another control group.
  write: 'security.resources',
  kill: 'security.signal',
  tkill: 'security.signal',
  tgkill: 'security.signal',
  rt_sigqueueinfo: 'security.signal',
  rt_tgsigqueueinfo: 'security.signal',
  pidfd_send_signal: 'security.signal',
  memfd_create: 'security.memfd',
  memfd_secret: 'security.memfd',
  mount: 'security.mount',
  umount2: 'security.mount',
  move_mount: 'security.mount',
  open_tree: 'security.mount',
  fsmount: 'security.mount',
  mount_setattr: 'security.mount',
  pivot_root: 'security.mount',
  chroot: 'security.chroot',
  unshare: 'security.namespace',
  setns: 'security.namespace',
  clone: 'security.namespace',
  init_module: 'security.module',
  finit_module: 'security.module',
  delete_module: 'security.module',
  kexec_load: 'security.module',
  kexec_file_load: 'security.module',
  bpf: 'security.bpf',
  io_uring_setup: 'security.io_uring',
  mmap: 'security.memory',
  mprotect: 'security.memory',
  pkey_mprotect: 'security.memory',
  setuid: 'security.credentials',
  setgid: 'security.credentials',
  setreuid: 'security.credentials',
  setregid: 'security.credentials',
  setresuid: 'security.credentials',
  setresgid: 'security.credentials',
  setfsuid: 'security.credentials',
  setfsgid: 'security.credentials',
  capset: 'security.credentials',
};

/** include/uapi/linux/ptrace.h and the x86 numbers of sys/ptrace.h. */
const PTRACE: { readonly [request: number]: string } = {
  0: 'PTRACE_TRACEME',
  1: 'PTRACE_PEEKTEXT',
  2: 'PTRACE_PEEKDATA',
  3: 'PTRACE_PEEKUSER',
  4: 'PTRACE_POKETEXT',
  5: 'PTRACE_POKEDATA',
  6: 'PTRACE_POKEUSER',
  7: 'PTRACE_CONT',
  8: 'PTRACE_KILL',
  9: 'PTRACE_SINGLESTEP',
  12: 'PTRACE_GETREGS',
  13: 'PTRACE_SETREGS',
  16: 'PTRACE_ATTACH',
  17: 'PTRACE_DETACH',
  24: 'PTRACE_SYSCALL',
  16896: 'PTRACE_SETOPTIONS',
  16897: 'PTRACE_GETEVENTMSG',
  16898: 'PTRACE_GETSIGINFO',
  16900: 'PTRACE_GETREGSET',
  16901: 'PTRACE_SETREGSET',
  16902: 'PTRACE_SEIZE',
  16903: 'PTRACE_INTERRUPT',
  16904: 'PTRACE_LISTEN',
};

/** enum bpf_cmd, include/uapi/linux/bpf.h, in its order. */
const BPF = `BPF_MAP_CREATE BPF_MAP_LOOKUP_ELEM BPF_MAP_UPDATE_ELEM BPF_MAP_DELETE_ELEM BPF_MAP_GET_NEXT_KEY
  BPF_PROG_LOAD BPF_OBJ_PIN BPF_OBJ_GET BPF_PROG_ATTACH BPF_PROG_DETACH BPF_PROG_TEST_RUN BPF_PROG_GET_NEXT_ID
  BPF_MAP_GET_NEXT_ID BPF_PROG_GET_FD_BY_ID BPF_MAP_GET_FD_BY_ID BPF_OBJ_GET_INFO_BY_FD BPF_PROG_QUERY
  BPF_RAW_TRACEPOINT_OPEN BPF_BTF_LOAD BPF_BTF_GET_FD_BY_ID BPF_TASK_FD_QUERY BPF_MAP_LOOKUP_AND_DELETE_ELEM
  BPF_MAP_FREEZE BPF_BTF_GET_NEXT_ID BPF_MAP_LOOKUP_BATCH BPF_MAP_LOOKUP_AND_DELETE_BATCH BPF_MAP_UPDATE_BATCH
  BPF_MAP_DELETE_BATCH BPF_LINK_CREATE BPF_LINK_UPDATE BPF_LINK_GET_FD_BY_ID BPF_LINK_GET_NEXT_ID
  BPF_ENABLE_STATS BPF_ITER_CREATE BPF_LINK_DETACH BPF_PROG_BIND_MAP BPF_TOKEN_CREATE`.split(/\s+/);

/** Signals of x86 and arm64, from 1. */
const SIGNALS =
  `HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN
  TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS`.split(/\s+/);

/** CLONE_NEW*, include/uapi/linux/sched.h. */
const NAMESPACES: readonly (readonly [flag: bigint, name: string])[] = [
  [0x20000n, 'mount'],
  [0x20000000n, 'pid'],
  [0x40000000n, 'net'],
  [0x10000000n, 'user'],
  [0x4000000n, 'uts'],
  [0x8000000n, 'ipc'],
  [0x2000000n, 'cgroup'],
  [0x80n, 'time'],
];

/** RLIMIT_*, include/uapi/asm-generic/resource.h, in its order. */
const LIMITS =
  `CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE NICE RTPRIO RTTIME`.split(
    ' ',
  );

/** mount(2): what it does instead of mounting something anew. */
const MOUNT_REQUESTS: readonly (readonly [flags: bigint, name: string])[] = [
  [0x20n, 'remount'],
  [0x2000n, 'move'],
  [0x1e0000n, 'propagation'], // shared, private, slave, unbindable
  [0x1000n, 'bind'],
];

abstract class Call extends RecordOf {
  get call(): string {
    return callName(this.u32(SYSCALL.call));
  }

  get result(): bigint {
    return this.batch.view.getBigInt64(this.at + SYSCALL.result, true);
  }

  /** The kernel returns -errno; addresses and counts are never in that range (MAX_ERRNO). */
  get errno(): number {
    const { result } = this;
    return result < 0n && result >= -4095n ? Number(-result) : 0;
  }

  protected argument(index: number): bigint {
    return this.u64(SYSCALL.args + 8 * index);
  }

  protected text(index: 0 | 1 | 2): Buffer | undefined {
    const lengths = [SYSCALL.first_bytes, SYSCALL.second_bytes, SYSCALL.third_bytes].map((at) =>
      this.u32(at),
    );
    const before = lengths.slice(0, index).reduce((sum, length) => sum + length, 0);
    const length = lengths[index] ?? 0;
    return length > 0 ? this.slice(SYSCALL.sizeBytes + before, length) : undefined;
  }
}

class Security<Kind extends SecurityKind> extends Call implements SecurityActOf<Kind> {
  readonly kind: Kind;
  readonly target: ProcessRef | undefined;
  readonly targetSession: SessionTag;

  constructor(batch: Batch, at: number, kind: Kind, known: KnownProcesses) {
    super(batch, at);
    this.kind = kind;
    const { pid, startNs } = this.processAt(SYSCALL.target);
    // The caller's number of the target is all that some calls leave behind; who that is now is the best guess there is.
    this.target = pid > 0 ? { pid, startNs: startNs || known.startOf(pid) } : undefined;
    this.targetSession = this.u32(SYSCALL.target_session) || (this.target ? known.sessionOf(this.target) : 0);
  }

  get request(): string | undefined {
    switch (this.kind as SecurityKind) {
      case 'security.ptrace':
        return PTRACE[Number(this.argument(0))] ?? String(this.argument(0));
      case 'security.bpf':
        return BPF[Number(this.argument(0))] ?? String(this.argument(0));
      case 'security.signal':
        return signalName(
          Number(this.argument(this.call.endsWith('tgkill') || this.call.includes('tgsig') ? 2 : 1)),
        );
      case 'security.memory':
        return protectionNames(this.argument(2));
      case 'security.mount':
        return this.call === 'mount' ? mountRequest(this.argument(3)) : undefined;
      case 'security.resources':
        return this.call === 'prlimit64'
          ? `RLIMIT_${LIMITS[Number(this.argument(1))] ?? this.argument(1)}`
          : undefined;
      default:
        return undefined;
    }
  }

  get path(): Buffer | undefined {
    const claimed = this.text(0);
    const from = (this.kind as SecurityKind) === 'security.mount' ? this.#walked : undefined;
    const isUnreadable = (this.u32(SYSCALL.flags) & CHANGE_FLAG.CHANGE_UNREADABLE) !== 0;
    // Without a text it is what the descriptor is of (AT_EMPTY_PATH).
    return from && !isUnreadable ? joined(from, claimed ?? Buffer.alloc(0)) : claimed;
  }

  /** Resolved: of the file whose descriptor the call was given. */
  get file(): Buffer | undefined {
    return (this.kind as SecurityKind) === 'security.mount' ? undefined : this.#walked;
  }

  get #walked(): Buffer | undefined {
    if (this.u16(SYSCALL.path.text_bytes) === 0) return undefined;
    const texts = [SYSCALL.first_bytes, SYSCALL.second_bytes, SYSCALL.third_bytes];
    const before = texts.reduce((sum, at) => sum + this.u32(at), 0);
    return this.pathAt(SYSCALL.sizeBytes + before, SYSCALL.path);
  }

  get mounts(): number | undefined {
    return (this.kind as SecurityKind) === 'security.mount' ? this.u32(SYSCALL.mounts) : undefined;
  }

  get source(): Buffer | undefined {
    return this.text(1);
  }

  get fileSystem(): Buffer | undefined {
    return this.text(2);
  }

  get namespaces(): readonly string[] {
    if ((this.kind as SecurityKind) !== 'security.namespace') return [];
    const flags = this.argument(this.call === 'setns' ? 1 : 0);
    return NAMESPACES.filter(([flag]) => flags & flag).map(([, name]) => name);
  }

  get credentials(): Credentials | undefined {
    return this.kind === 'security.credentials' ? this.credentialsAt(SYSCALL.after) : undefined;
  }

  get previousCredentials(): Credentials | undefined {
    return this.kind === 'security.credentials' ? this.credentialsAt(SYSCALL.before) : undefined;
  }
}

function signalName(signal: number): string {
  const name = SIGNALS[signal - 1];
  return name ? `SIG${name}` : `SIG${signal}`;
}

function mountRequest(flags: bigint): string {
  return MOUNT_REQUESTS.find(([flag]) => flags & flag)?.[1] ?? 'mount';
}

function protectionNames(protection: bigint): string {
  return ['read', 'write', 'execute'].filter((_, bit) => protection & (1n << BigInt(bit))).join(',');
}

class Other extends Call implements SystemCall {
  get kind(): 'syscall' {
    return 'syscall';
  }

  get args(): readonly bigint[] {
    return Array.from({ length: 6 }, (_, index) => this.argument(index));
  }

  get path(): Buffer | undefined {
    return this.text(0);
  }
}

export function callOf(batch: Batch, at: number, known: KnownProcesses): SensorEvent {
  const kind = KINDS[callName(batch.view.getUint32(at + SYSCALL.call, true))];
  return kind ? (new Security(batch, at, kind, known) as SensorEvent) : new Other(batch, at);
}
