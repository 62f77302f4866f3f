/**
 * The contract every sensor fulfils: what was seen, before anybody makes anything of it.
 *
 * A sensor knows one operating system (or one recording) and nothing of stages, logs or rules.
 * It reports in the order in which things were seen, never drops without counting, and never blocks its reader.
 *
 * Fields of an event may be read from the kernel's bytes only when they are asked for: read them by name (an object
 * spread copies nothing), and keep what was read rather than the event, which keeps its whole batch in memory.
 */

/** A process for ever: a pid alone is used again, a pid with its start time is not. */
export interface ProcessRef {
  /** Thread-group id in the host's pid namespace. */
  readonly pid: number;
  /** Start of the thread-group leader, nanoseconds since boot (CLOCK_BOOTTIME). */
  readonly startNs: bigint;
}

/** A file for ever, as far as the kernel tells: a path is only one of its names. */
export interface FileRef {
  /**
   * Device of the file's super block, "major:minor", as /proc/self/mountinfo shows it. On overlayfs, btrfs and others
   * stat() may show another number for the same file; compare through the mount (fdinfo's mnt_id), not through stat.
   */
  readonly device: string;
  readonly inode: bigint;
  readonly generation: number;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/**
 * The tag a sensor puts on every process of a session; 0 is outside every session. Callers choose tags below 2^31;
 * from there on they are the sensor's own, given to suspects.
 */
export type SessionTag = number;

interface Seen {
  /** Nanoseconds since boot (CLOCK_BOOTTIME) at the act, from the kernel's clock. */
  readonly bootNs: bigint;
  readonly process: ProcessRef;
  readonly threadId: number;
  readonly session: SessionTag;
}

/** Credentials at the act. */
export interface Credentials {
  readonly uid: number;
  readonly euid: number;
  readonly gid: number;
  readonly egid: number;
}

/**
 * A process began by fork, vfork or clone. Sent for processes of sessions only.
 * `process` is the child; `creator` is who called fork, also under CLONE_PARENT.
 */
export interface ProcessFork extends Seen {
  readonly kind: 'process.fork';
  readonly creator: ProcessRef;
}

/**
 * A process that was there before the sensor, from the task iterator. Sent once, at start, parents in any order.
 */
export interface ProcessExisting extends Seen {
  readonly kind: 'process.existing';
  readonly parent: ProcessRef;
  readonly credentials: Credentials;
  readonly executable: Buffer;
  readonly args: readonly Buffer[];
  readonly workingDirectory: Buffer;
}

export interface ProcessExec extends Seen {
  readonly kind: 'process.exec';
  readonly parent: ProcessRef;
  readonly credentials: Credentials;
  /** The executable's path, resolved by the kernel, as the host sees it. Bytes: nothing promises UTF-8. */
  readonly executable: Buffer;
  readonly executableFile: FileRef;
  /** The executable has no name any more, or never had one (memfd): there is nothing to be found at its path. */
  readonly executableDeleted: boolean;
  readonly executableSizeBytes: bigint;
  /** Inode change time of the executable, nanoseconds since the epoch: names the version of the content. */
  readonly executableChangeNs: bigint;
  /**
   * Tag before this exec. `session` differs where the exec made the process a suspect, with a tag of its own: whoever
   * asked for suspects judges it, before the next event is looked at.
   */
  readonly around: SessionTag;
  /** The path as it was given to execve. */
  readonly calledPath: Buffer;
  readonly args: readonly Buffer[];
  /** How many arguments there were, also those that were cut. */
  readonly argsCount: number;
  readonly workingDirectory: Buffer;
  /** Names of the fields that were cut to fit. */
  readonly cut: readonly string[];
}

export interface ProcessExit extends Seen {
  readonly kind: 'process.exit';
  /** Exit code, or undefined when a signal ended the process. */
  readonly exitCode: number | undefined;
  /** Signal number, or undefined when the process ended by itself. */
  readonly exitSignal: number | undefined;
}

/** none: O_PATH, or the access mode 3 that allows neither. */
export type FileAccess = 'read' | 'write' | 'read_write' | 'none';
export type FileType = 'regular' | 'directory' | 'character' | 'block' | 'fifo' | 'socket' | 'link' | 'other';

/** First open of a file by a process in a mode, or an open that failed. */
export interface FileOpen extends Seen {
  readonly kind: 'file.open';
  /** errno of the open, 0 when it succeeded. */
  readonly errno: number;
  readonly path: Buffer;
  /** resolved: walked from the kernel's own file. claimed: the caller's argument (a failed open has no file). */
  readonly pathBasis: 'resolved' | 'claimed';
  /** The file had no name when it was looked at: removed, made by O_TMPFILE, or memfd. */
  readonly deleted: boolean;
  /** This very open made the file. */
  readonly created: boolean;
  readonly access: FileAccess;
  /** The open(2) flags that change something, by name: create, truncate, append, exclusive, directory, tmpfile, path. */
  readonly flags: readonly string[];
  /** Undefined when the open failed. */
  readonly file: FileRef | undefined;
  readonly type: FileType | undefined;
  readonly sizeBytes: bigint;
  readonly changeNs: bigint;
  /** Permission bits. */
  readonly mode: number;
  readonly cut: readonly string[];
}

/** A TCP connection was made or refused, or a UDP socket was given a peer. One event an attempt, at its outcome. */
export interface NetworkConnect extends Seen {
  readonly kind: 'network.connect';
  /** errno of the attempt, 0 when it succeeded. */
  readonly errno: number;
  readonly transport: 'tcp' | 'udp';
  readonly type: 'ipv4' | 'ipv6';
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

/** Events that happened and did not get through, counted where they were lost. */
export interface SensorGap {
  readonly kind: 'sensor.gap';
  readonly bootNs: bigint;
  /** Kind of the events that were lost. */
  readonly lost: string;
  readonly count: bigint;
  readonly cause: 'ring_full' | 'shed' | 'recursion' | 'unreadable';
  readonly cpu: number;
}

export type SensorEvent =
  | ProcessFork
  | ProcessExisting
  | ProcessExec
  | ProcessExit
  | FileOpen
  | NetworkConnect
  | SensorGap;

export type SensorTier = 'lsm' | 'tracepoint' | 'replay';

/** What this sensor can say of one subject on this host. */
export interface Coverage {
  /** What it is about, in words a person knows: "file.open", "file.open through io_uring". */
  readonly subject: string;
  readonly state: 'seen' | 'claimed' | 'not_seen';
  /** Why it is not simply seen, and what would mend it. Empty when it is seen. */
  readonly reason: string;
}

/** Totals since the sensor started; `seen + lost = happened` holds for each kind and CPU. */
export interface SensorCount {
  readonly kind: string;
  readonly cpu: number;
  readonly seen: bigint;
  readonly lost: bigint;
}

export interface SensorFacts {
  readonly name: string;
  readonly tier: SensorTier;
  /** /proc/sys/kernel/random/boot_id of the boot the events are from. */
  readonly bootId: string;
}

/** A process as it stands in the kernel's task list. */
export interface RunningProcess {
  readonly process: ProcessRef;
  readonly parent: ProcessRef;
  readonly session: SessionTag;
}

export interface Sensor {
  readonly facts: SensorFacts;

  /** Begins to report. Batches come in ring order; the receiver owns what it is given. Called once. */
  start(receive: (batch: SensorEvent[]) => void): void;

  /** Nanoseconds to add to a `bootNs` for wall-clock time (Unix epoch), as of now. */
  wallOffsetNs(): bigint;

  /**
   * Tags a process, and by that all its later descendants. The process should be stopped or waiting:
   * children it already has are not tagged.
   * @throws SensorError when there is no such process
   */
  tag(pid: number, session: SessionTag): void;

  /**
   * From now on an exec of a program gives it a tag of its own, before its first instruction, when its path (of the
   * executable, or the last name of the path as called) holds one of these words. Replaces the words before.
   * @throws SensorError when the kernel takes no more
   */
  suspect(words: Iterable<string>): void;

  /**
   * What becomes of a suspect's tag: itself (a session of its own), another (its descendants go over with it), or 0.
   * Holds for all tasks at once. A kept tag is judged 0 when its session has ended.
   */
  judge(suspect: SessionTag, becomes: SessionTag): void;

  /** All live processes, zombies and kernel threads left out. */
  running(): RunningProcess[];

  /** Live processes of a session, zombies left out. */
  members(session: SessionTag): ProcessRef[];

  /** Hands over everything that was seen before this call, then resolves. */
  flush(): Promise<void>;

  counts(): SensorCount[];
  coverage(): Coverage[];

  /** Detaches. Nothing is reported after it resolves. */
  stop(): Promise<void>;
}

/** The sensor cannot do what was asked on this host: says what, why and the mend in one line. */
export class SensorError extends Error {
  override readonly name = 'SensorError';
}
