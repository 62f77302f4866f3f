/** Every kind of event as a line of a recording. The types hold it complete: a field of the contract that is missing
 * here, or is of another type, does not compile. */

import type {
  Credentials,
  Endpoint,
  FileRef,
  Namespaces,
  ProcessRef,
  SecurityActOf,
  SecurityKind,
  SensorEvent,
} from '../event.ts';
import type { Coverage, SensorFacts } from '../sensor.ts';
import {
  big,
  bytes,
  type Codec,
  type Fields,
  integer,
  isObject,
  list,
  object,
  oneOf,
  optional,
  RecordingFault,
  text,
  truth,
} from './codec.ts';

type Kind = SensorEvent['kind'];
type OfKind<K extends Kind> = Extract<SensorEvent, { kind: K }>;

const process = object<ProcessRef>({ pid: integer, startNs: big });
const file = object<FileRef>({ device: text, inode: big, generation: integer });
const endpoint = object<Endpoint>({ address: text, port: integer });
const credentials = object<Credentials>({ uid: integer, euid: integer, gid: integer, egid: integer });
const fileType = oneOf('regular', 'directory', 'character', 'block', 'fifo', 'socket', 'link', 'other');

const seen = { bootNs: big, process, threadId: integer, session: integer };

const change = {
  ...seen,
  errno: integer,
  call: text,
  path: bytes,
  pathBasis: oneOf('resolved', 'claimed'),
  file: optional(file),
  cut: list(text),
};
const flow = {
  ...seen,
  transport: oneOf('tcp', 'udp'),
  type: oneOf('ipv4', 'ipv6'),
  namespace: integer,
  local: endpoint,
  peer: endpoint,
};

function security<K extends SecurityKind>(kind: K): Fields<SecurityActOf<K>> {
  return {
    kind: oneOf(kind),
    ...seen,
    errno: integer,
    call: text,
    request: optional(text),
    target: optional(process),
    targetSession: integer,
    path: optional(bytes),
    file: optional(bytes),
    mounts: optional(integer),
    source: optional(bytes),
    fileSystem: optional(bytes),
    namespaces: list(text),
    credentials: optional(credentials),
    previousCredentials: optional(credentials),
  };
}

const FIELDS: { readonly [K in Kind]: Fields<OfKind<K>> } = {
  'process.fork': { kind: oneOf('process.fork'), ...seen, creator: process },
  'process.existing': {
    kind: oneOf('process.existing'),
    ...seen,
    parent: process,
    credentials,
    executable: bytes,
    args: list(bytes),
    workingDirectory: bytes,
  },
  'process.exec': {
    kind: oneOf('process.exec'),
    ...seen,
    parent: process,
    credentials,
    executable: bytes,
    executableFile: file,
    executableDeleted: truth,
    executableInMemory: truth,
    executableUpperLayer: truth,
    script: optional(bytes),
    namespaces: object<Namespaces>({ mount: integer, pid: integer, net: integer, user: integer }),
    cgroup: bytes,
    executableSizeBytes: big,
    executableChangeNs: big,
    around: integer,
    calledPath: bytes,
    args: list(bytes),
    argsCount: integer,
    workingDirectory: bytes,
    cut: list(text),
  },
  'process.exec_failed': {
    kind: oneOf('process.exec_failed'),
    ...seen,
    errno: integer,
    calledPath: bytes,
    args: list(bytes),
    cut: list(text),
  },
  'process.exit': {
    kind: oneOf('process.exit'),
    ...seen,
    exitCode: optional(integer),
    exitSignal: optional(integer),
  },
  'file.open': {
    kind: oneOf('file.open'),
    ...seen,
    errno: integer,
    path: bytes,
    pathBasis: oneOf('resolved', 'claimed'),
    deleted: truth,
    created: truth,
    access: oneOf('read', 'write', 'read_write', 'none'),
    flags: list(text),
    file: optional(file),
    type: optional(fileType),
    sizeBytes: big,
    changeNs: big,
    mode: integer,
    cut: list(text),
  },
  'file.create': { kind: oneOf('file.create'), ...change, type: fileType, mode: optional(integer) },
  'file.delete': { kind: oneOf('file.delete'), ...change, type: optional(fileType) },
  'file.rename': { kind: oneOf('file.rename'), ...change, previousPath: bytes, exchange: truth },
  'file.link': {
    kind: oneOf('file.link'),
    ...change,
    previousPath: optional(bytes),
    symbolicTarget: optional(bytes),
  },
  'file.attributes': {
    kind: oneOf('file.attributes'),
    ...change,
    change: oneOf('mode', 'owner', 'times', 'xattr', 'flags'),
    mode: optional(integer),
    ownerUid: optional(integer),
    ownerGid: optional(integer),
    attribute: optional(bytes),
  },
  'file.truncate': { kind: oneOf('file.truncate'), ...change, sizeBytes: big },
  'file.close': {
    kind: oneOf('file.close'),
    ...seen,
    cause: oneOf('close', 'exit', 'exec', 'refresh'),
    path: bytes,
    file,
    type: fileType,
    sizeBytes: big,
    opens: integer,
    bytesRead: big,
    bytesWritten: big,
    bytesMapped: big,
    mapped: list(oneOf('read', 'write', 'execute')),
    access: list(oneOf('read', 'write', 'read_write', 'none')),
    ways: list(oneOf('read', 'write', 'mmap', 'splice', 'sendfile', 'copy_file_range', 'io_uring', 'aio')),
    firstOpenBootNs: big,
  },
  'network.connect': {
    kind: oneOf('network.connect'),
    ...flow,
    transport: oneOf('tcp', 'udp', 'vsock'),
    type: optional(oneOf('ipv4', 'ipv6')),
    errno: integer,
  },
  'network.accept': { kind: oneOf('network.accept'), ...flow },
  'network.served': { kind: oneOf('network.served'), ...flow },
  'network.listen': { kind: oneOf('network.listen'), ...flow },
  'network.close': {
    kind: oneOf('network.close'),
    ...flow,
    bytesSent: optional(big),
    bytesReceived: optional(big),
    durationNs: big,
  },
  'network.raw': {
    kind: oneOf('network.raw'),
    ...seen,
    errno: integer,
    family: text,
    type: text,
    protocol: integer,
  },
  'unix.connect': {
    kind: oneOf('unix.connect'),
    ...seen,
    errno: integer,
    path: bytes,
    pathBasis: oneOf('resolved', 'claimed'),
    peer: optional(process),
    peerSession: integer,
  },
  'dns.query': {
    kind: oneOf('dns.query'),
    ...flow,
    question: text,
    questionType: text,
    responseCode: optional(text),
    answers: list(text),
  },
  'tls.hello': {
    kind: oneOf('tls.hello'),
    ...flow,
    serverName: optional(text),
    encryptedHello: truth,
    protocols: list(text),
    ja4: text,
    ja3: text,
  },
  'security.ptrace': security('security.ptrace'),
  'security.process_memory': security('security.process_memory'),
  'security.memfd': security('security.memfd'),
  'security.credentials': security('security.credentials'),
  'security.signal': security('security.signal'),
  'security.mount': security('security.mount'),
  'security.namespace': security('security.namespace'),
  'security.module': security('security.module'),
  'security.bpf': security('security.bpf'),
  'security.chroot': security('security.chroot'),
  'security.memory': security('security.memory'),
  'security.io_uring': security('security.io_uring'),
  'security.pidfd_getfd': security('security.pidfd_getfd'),
  'security.resources': security('security.resources'),
  syscall: {
    kind: oneOf('syscall'),
    ...seen,
    errno: integer,
    call: text,
    args: list(big),
    result: big,
    path: optional(bytes),
  },
  'syscall.histogram': {
    kind: oneOf('syscall.histogram'),
    bootNs: big,
    session: integer,
    counts: list(object<{ readonly call: string; readonly count: bigint }>({ call: text, count: big })),
  },
  'sensor.gap': {
    kind: oneOf('sensor.gap'),
    bootNs: big,
    lost: text,
    hook: optional(text),
    count: big,
    cause: oneOf('ring_full', 'shed', 'recursion', 'unreadable'),
    cpu: integer,
  },
};

const CODECS = new Map<string, Codec<SensorEvent>>(
  // Each codec writes the kind it is filed under and reads no other, so the union is safe on both ways.
  Object.entries(FIELDS).map(([kind, fields]) => [kind, object(fields as unknown as Fields<SensorEvent>)]),
);

function codecOf(kind: unknown): Codec<SensorEvent> {
  const codec = typeof kind === 'string' ? CODECS.get(kind) : undefined;
  if (!codec)
    throw new RecordingFault(
      `kind must be one of ${[...CODECS.keys()].join(', ')}, not ${JSON.stringify(kind)}`,
    );
  return codec;
}

/** One line, without its end. */
export function eventLine(event: SensorEvent): string {
  return JSON.stringify(codecOf(event.kind).write(event));
}

/** @throws RecordingFault when the line is no event */
export function eventOfLine(line: string): SensorEvent {
  const json = parsed(line);
  if (!isObject(json)) throw new RecordingFault('is no JSON object');
  return codecOf(json.kind).read(json, '');
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new RecordingFault(`is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The first line of a recording. */
export interface RecordingHead {
  /** Version of the format. */
  readonly recording: number;
  readonly facts: SensorFacts;
  /** Nanoseconds to add to a bootNs for wall-clock time, when the recording was made. */
  readonly wallOffsetNs: bigint;
  readonly coverage: readonly Coverage[];
  /** What the session's COMMAND was taken for, where the recording is of one session. */
  readonly agent?: RecordedAgent | undefined;
}

export interface RecordedAgent {
  readonly name: string;
  readonly version?: string | undefined;
}

export const RECORDING_VERSION = 1;

const head = object<RecordingHead>({
  recording: integer,
  facts: object<SensorFacts>({
    name: text,
    tier: oneOf('lsm', 'tracepoint', 'replay'),
    tierReason: optional(text),
    bootId: text,
  }),
  wallOffsetNs: big,
  coverage: list(
    object<Coverage>({ subject: text, state: oneOf('seen', 'claimed', 'not_seen'), reason: text }),
  ),
  agent: optional(object<RecordedAgent>({ name: text, version: optional(text) })),
});

export function headLine(value: RecordingHead): string {
  return JSON.stringify(head.write(value));
}

/** @throws RecordingFault when the line does not begin a recording that this version reads */
export function headOfLine(line: string): RecordingHead {
  const json = parsed(line);
  if (!isObject(json) || !('recording' in json))
    throw new RecordingFault('does not begin a recording of a sensor');
  if (json.recording !== RECORDING_VERSION)
    throw new RecordingFault(
      `is a recording of version ${json.recording}; this reads version ${RECORDING_VERSION}`,
    );
  return head.read(json, '');
}
