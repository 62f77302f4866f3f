/**
 * What was seen, before anybody makes anything of it: the events that every sensor reports.
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

export interface Namespaces {
  readonly mount: number;
  readonly pid: number;
  readonly net: number;
  readonly user: number;
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
  /** The script that `executable` interprets, as called; undefined when none was. */
  readonly script: Buffer | undefined;
  /** In memory only (memfd, or a file that never had a name): nothing of it is on a disk. */
  readonly executableInMemory: boolean;
  /** Made or changed in a container's upper layer: not part of the image. */
  readonly executableUpperLayer: boolean;
  /** Inodes of the namespaces the process runs in, as /proc/<pid>/ns shows them. */
  readonly namespaces: Namespaces;
  /** Path within the cgroup 2 hierarchy, as /proc/<pid>/cgroup shows it from the host's root. */
  readonly cgroup: Buffer;
  readonly args: readonly Buffer[];
  /** How many arguments there were, also those that were cut. */
  readonly argsCount: number;
  readonly workingDirectory: Buffer;
  /** Names of the fields that were cut to fit. */
  readonly cut: readonly string[];
}

/** An execve that started nothing. The process runs on as what it was. */
export interface ProcessExecFailed extends Seen {
  readonly kind: 'process.exec_failed';
  readonly errno: number;
  /** As it stood in memory when the call returned; relative ones are joined to the directory they started from. */
  readonly calledPath: Buffer;
  readonly args: readonly Buffer[];
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
  /**
   * The open(2) flags that change something, by name: create, truncate, append, exclusive, directory, tmpfile, path;
   * and io_uring where the open went through it. */
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
  /** vsock: the address is a context, the number of a machine, and the caller's claim. */
  readonly transport: 'tcp' | 'udp' | 'vsock';
  /** Undefined of vsock. */
  readonly type: 'ipv4' | 'ipv6' | undefined;
  /** Inode of the socket's network namespace, as /proc/<pid>/ns/net shows it; 0 of vsock. */
  readonly namespace: number;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

/**
 * Where a path of an act comes from. resolved: walked from the kernel's own objects. claimed: the caller's argument as
 * it stood when the call returned, joined to the directory it started from; another thread could have changed it.
 */
export type PathBasis = 'resolved' | 'claimed';

/** What every change of a name or of a file's properties tells. */
interface FileChange extends Seen {
  /** errno of the call, 0 when it succeeded. */
  readonly errno: number;
  /** System call, such as unlinkat; io_uring's requests by their own names, such as IORING_OP_UNLINKAT. */
  readonly call: string;
  readonly path: Buffer;
  readonly pathBasis: PathBasis;
  /** Undefined where only a name is known. */
  readonly file: FileRef | undefined;
  readonly cut: readonly string[];
}

/** A name appeared: a file made by an open, a directory, a device, a fifo, a socket. */
export interface FileCreate extends FileChange {
  readonly kind: 'file.create';
  readonly type: FileType;
  /** Permission bits as asked for; undefined where the call names none. */
  readonly mode: number | undefined;
}

export interface FileDelete extends FileChange {
  readonly kind: 'file.delete';
  /** directory: by rmdir. Undefined: by unlink, of anything that is no directory. */
  readonly type: FileType | undefined;
}

export interface FileRename extends FileChange {
  readonly kind: 'file.rename';
  readonly previousPath: Buffer;
  /** Both names were there and changed places (RENAME_EXCHANGE). */
  readonly exchange: boolean;
}

/** `path` is the new name. */
export interface FileLink extends FileChange {
  readonly kind: 'file.link';
  /** The name it was linked from; undefined for a symbolic link. */
  readonly previousPath: Buffer | undefined;
  /** What a symbolic link holds, as written; undefined for a hard link. */
  readonly symbolicTarget: Buffer | undefined;
}

export interface FileAttributes extends FileChange {
  readonly kind: 'file.attributes';
  readonly change: 'mode' | 'owner' | 'times' | 'xattr' | 'flags';
  /** Permission bits that were set. */
  readonly mode: number | undefined;
  /** Undefined: not changed. */
  readonly ownerUid: number | undefined;
  readonly ownerGid: number | undefined;
  /** Name of the extended attribute. */
  readonly attribute: Buffer | undefined;
}

export interface FileTruncate extends FileChange {
  readonly kind: 'file.truncate';
  readonly sizeBytes: bigint;
}

export type FileWay =
  | 'read'
  | 'write'
  | 'mmap'
  | 'splice'
  | 'sendfile'
  | 'copy_file_range'
  | 'io_uring'
  | 'aio';

/** What a process did with a file. Sums since the last file.close of the same process and file. */
export interface FileClose extends Seen {
  readonly kind: 'file.close';
  /** close: its last descriptor was closed. exit: the process ended. exec: it goes on as another program. refresh: it is still in use, or may be. */
  readonly cause: 'close' | 'exit' | 'exec' | 'refresh';
  /** As it was at the first open, or at the first use of a descriptor that was received; empty when that was lost. */
  readonly path: Buffer;
  readonly file: FileRef;
  readonly type: FileType;
  /** At the last use that moved bytes. */
  readonly sizeBytes: bigint;
  readonly opens: number;
  readonly bytesRead: bigint;
  readonly bytesWritten: bigint;
  /** Sum of the lengths mapped, in whole pages. What is read or written through a mapping no kernel counts. */
  readonly bytesMapped: bigint;
  /** Access of its mappings; write: shared and writable, so the file changes with it. */
  readonly mapped: readonly ('read' | 'write' | 'execute')[];
  /** The accesses it was opened with. */
  readonly access: readonly FileAccess[];
  readonly ways: readonly FileWay[];
  readonly firstOpenBootNs: bigint;
}

interface NetworkSeen extends Seen {
  readonly transport: 'tcp' | 'udp';
  readonly type: 'ipv4' | 'ipv6';
  /** Inode of the socket's network namespace, as /proc/<pid>/ns/net shows it. */
  readonly namespace: number;
  readonly local: Endpoint;
  readonly peer: Endpoint;
}

export interface NetworkAccept extends NetworkSeen {
  readonly kind: 'network.accept';
}

/**
 * A process outside every session uses a connection whose other end, `peer`, is a session's: its first use, and that of
 * a process it was handed to. It leaves no event of its own; the join of both ends does.
 */
export interface NetworkServed extends NetworkSeen {
  readonly kind: 'network.served';
}

/** `peer` is empty. */
export interface NetworkListen extends NetworkSeen {
  readonly kind: 'network.listen';
}

/** A socket was closed, or its process ended. Bytes are those of the process's own calls, headers left out. */
export interface NetworkClose extends NetworkSeen {
  readonly kind: 'network.close';
  /** Undefined: the kernel has no place to count at. */
  readonly bytesSent: bigint | undefined;
  readonly bytesReceived: bigint | undefined;
  /** Since the connection was tried, accepted, or the first datagram went. */
  readonly durationNs: bigint;
}

/** connect() of a unix socket, or a datagram sent to one by name. */
export interface UnixConnect extends Seen {
  readonly kind: 'unix.connect';
  readonly errno: number;
  /** File system path, resolved where the peer is known; an abstract name begins with NUL; empty for a pair. */
  readonly path: Buffer;
  readonly pathBasis: PathBasis;
  /** Who listens: the process that called listen() or bind(), as far as the kernel remembers. */
  readonly peer: ProcessRef | undefined;
  readonly peerSession: SessionTag;
}

/** A socket that is neither a stream nor a datagram of the internet protocols, nor unix. */
export interface NetworkRaw extends Seen {
  readonly kind: 'network.raw';
  readonly errno: number;
  /** inet, inet6, packet, netlink, vsock, alg, bluetooth, xdp; or its number. */
  readonly family: string;
  /** stream, datagram, raw, seqpacket; or its number. */
  readonly type: string;
  readonly protocol: number;
}

export interface DnsQuery extends NetworkSeen {
  readonly kind: 'dns.query';
  readonly question: string;
  /** A, AAAA, TXT, ...; or TYPE followed by a number (RFC 3597). */
  readonly questionType: string;
  /** NOERROR, NXDOMAIN, ...; undefined while nothing was answered. */
  readonly responseCode: string | undefined;
  /** Addresses, names and texts of the answer. */
  readonly answers: readonly string[];
}

/** The first bytes of a TCP connection were a TLS ClientHello, in the clear as it always is. */
export interface TlsHello extends NetworkSeen {
  readonly kind: 'tls.hello';
  /** Server name (SNI); undefined when there is none. */
  readonly serverName: string | undefined;
  /** The hello holds an encrypted one (ECH): the name above is that of the relay. */
  readonly encryptedHello: boolean;
  /** Protocols offered (ALPN). */
  readonly protocols: readonly string[];
  readonly ja4: string;
  readonly ja3: string;
}

export type SecurityKind =
  | 'security.ptrace'
  | 'security.process_memory'
  | 'security.memfd'
  | 'security.credentials'
  | 'security.signal'
  | 'security.mount'
  | 'security.namespace'
  | 'security.module'
  | 'security.bpf'
  | 'security.chroot'
  | 'security.memory'
  | 'security.io_uring'
  | 'security.pidfd_getfd'
  | 'security.resources';

/** An act on other processes or on the system itself. What an act does not have is undefined. */
export type SecurityAct = { [Kind in SecurityKind]: SecurityActOf<Kind> }[SecurityKind];

export interface SecurityActOf<Kind extends SecurityKind> extends Seen {
  readonly kind: Kind;
  readonly errno: number;
  readonly call: string;
  /** What was asked of a call with many meanings: PTRACE_ATTACH, BPF_PROG_LOAD, SIGKILL, "read,write,execute". */
  readonly request: string | undefined;
  readonly target: ProcessRef | undefined;
  readonly targetSession: SessionTag;
  /** Mount point, new root, name of a module or memfd: claimed. Control group: resolved. */
  readonly path: Buffer | undefined;
  /** Path of the file that was brought into the kernel, by its descriptor: resolved. */
  readonly file: Buffer | undefined;
  /** Inode of the mount namespace of who mounted; undefined of a recording older than that, and of other acts. */
  readonly mounts: number | undefined;
  /** What was mounted. */
  readonly source: Buffer | undefined;
  /** File system type. */
  readonly fileSystem: Buffer | undefined;
  /** Namespaces: mount, pid, net, user, uts, ipc, cgroup, time. */
  readonly namespaces: readonly string[];
  /** After the act, of security.credentials only. */
  readonly credentials: Credentials | undefined;
  /** Before it. */
  readonly previousCredentials: Credentials | undefined;
}

/** A call of the watched list that has no event of its own. */
export interface SystemCall extends Seen {
  readonly kind: 'syscall';
  readonly errno: number;
  readonly call: string;
  readonly args: readonly bigint[];
  readonly result: bigint;
  readonly path: Buffer | undefined;
}

/** How often a session made each system call since the last histogram: every 30 s, and at its end. */
export interface SystemCallHistogram {
  readonly kind: 'syscall.histogram';
  readonly bootNs: bigint;
  readonly session: SessionTag;
  readonly counts: readonly { readonly call: string; readonly count: bigint }[];
}

/**
 * Why events were lost: the ring between kernel and collector was full; it had room, kept for what matters more; the
 * program was interrupted by itself; the event could not be built or remembered.
 */
export type LossCause = 'ring_full' | 'shed' | 'recursion' | 'unreadable';

/** Events that happened and did not get through, counted where they were lost. */
export interface SensorGap {
  readonly kind: 'sensor.gap';
  readonly bootNs: bigint;
  /** Kind of the events that were lost. */
  readonly lost: string;
  /** Where in the kernel they would have been seen; undefined where that is not known. */
  readonly hook: string | undefined;
  readonly count: bigint;
  readonly cause: LossCause;
  readonly cpu: number;
}

export type SensorEvent =
  | ProcessFork
  | ProcessExisting
  | ProcessExec
  | ProcessExecFailed
  | ProcessExit
  | FileOpen
  | FileCreate
  | FileDelete
  | FileRename
  | FileLink
  | FileAttributes
  | FileTruncate
  | FileClose
  | NetworkConnect
  | NetworkAccept
  | NetworkListen
  | NetworkServed
  | NetworkClose
  | NetworkRaw
  | UnixConnect
  | DnsQuery
  | TlsHello
  | SecurityAct
  | SystemCall
  | SystemCallHistogram
  | SensorGap;
