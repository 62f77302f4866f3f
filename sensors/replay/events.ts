/** Every kind of event as a line of a recording. The types hold it complete: a field of the contract that is missing
 * here, or is of another type, does not compile. */

import type {
  Coverage,
  Credentials,
  Endpoint,
  FileRef,
  ProcessRef,
  SensorEvent,
  SensorFacts,
} from '../sensor.ts';
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
    executableSizeBytes: big,
    executableChangeNs: big,
    around: integer,
    calledPath: bytes,
    args: list(bytes),
    argsCount: integer,
    workingDirectory: bytes,
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
  'network.connect': {
    kind: oneOf('network.connect'),
    ...seen,
    errno: integer,
    transport: oneOf('tcp', 'udp'),
    type: oneOf('ipv4', 'ipv6'),
    local: endpoint,
    peer: endpoint,
  },
  'sensor.gap': {
    kind: oneOf('sensor.gap'),
    bootNs: big,
    lost: text,
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
}

export const RECORDING_VERSION = 1;

const head = object<RecordingHead>({
  recording: integer,
  facts: object<SensorFacts>({
    name: text,
    tier: oneOf('lsm', 'tracepoint', 'replay'),
    bootId: text,
  }),
  wallOffsetNs: big,
  coverage: list(
    object<Coverage>({ subject: text, state: oneOf('seen', 'claimed', 'not_seen'), reason: text }),
  ),
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
