/** Compares what a program says it did with what the sensor reported. */

import { constants } from 'node:os';
import type { FileRef, SensorEvent, SensorTier } from '../../../sensors/sensor.ts';
import type { Act } from './told.ts';

/**
 * seen: an event of that process has every field as it truly was. claimed: the same, but the event says itself that
 * its path is only the caller's word. cut: the same, but the event says itself that a field was cut to fit.
 */
export type State = 'seen' | 'claimed' | 'cut' | 'not_seen';

/** From best to worst: an evasion with several acts of one kind counts as the worst of them. */
const ORDER: readonly State[] = ['seen', 'cut', 'claimed', 'not_seen'];

/** Lines; a storm of processes would tell thousands. */
const MAX_EXPLAINED = 40;

type Value = number | bigint | string | Buffer | undefined;
type Fields = Readonly<Record<string, Value>>;

/** What an event says, under the programs' names of fields. Undefined: it tells nothing of that kind of act. */
function fieldsOf(event: SensorEvent, act: string): Fields | undefined {
  switch (event.kind) {
    case 'process.exec':
      if (act !== 'process.exec') return undefined;
      return {
        path: event.executable,
        device: event.executableFile.device,
        inode: event.executableFile.inode,
        called_path: event.calledPath,
        args_count: event.argsCount,
        arg0: event.args[0],
        arg_last: event.args.at(-1),
        script: event.script,
        deleted: Number(event.executableDeleted),
        args_cut: Number(event.cut.includes('args')),
        errno: 0,
      };
    case 'process.exit':
      return act === 'process.exit' ? { exit_code: event.exitCode } : undefined;
    case 'process.fork':
      return act === 'process.fork' ? {} : undefined;
    case 'file.open':
      if (act !== 'file.open' && !(act === 'file.create' && event.created)) return undefined;
      return {
        path: event.path,
        device: event.file?.device,
        inode: event.file?.inode,
        access: event.access,
        errno: event.errno,
      };
    case 'process.exec_failed':
      if (act !== 'process.exec') return undefined;
      return {
        called_path: event.calledPath,
        args_count: event.args.length,
        arg0: event.args[0],
        errno: event.errno,
      };
    case 'file.create':
      if (act !== 'file.create') return undefined;
      return { path: event.path, ...identity(event.file), errno: event.errno };
    case 'file.delete':
      if (act !== 'file.delete') return undefined;
      return { path: event.path, ...identity(event.file), errno: event.errno };
    case 'file.rename':
      if (act !== 'file.rename') return undefined;
      return {
        path: event.path,
        from: event.previousPath,
        exchange: Number(event.exchange),
        ...identity(event.file),
        errno: event.errno,
      };
    case 'file.link':
      if (act !== 'file.link') return undefined;
      return {
        path: event.path,
        target: event.previousPath,
        symbolic_target: event.symbolicTarget,
        ...identity(event.file),
        errno: event.errno,
      };
    case 'file.attributes':
      if (act !== 'file.attributes') return undefined;
      return {
        path: event.path,
        attribute: event.change,
        mode: event.mode,
        owner: event.ownerUid,
        xattr: event.attribute,
        ...identity(event.file),
        errno: event.errno,
      };
    case 'file.truncate':
      if (act !== 'file.truncate') return undefined;
      return { path: event.path, size: event.sizeBytes, ...identity(event.file), errno: event.errno };
    case 'file.close':
      if (act !== 'file.close') return undefined;
      return {
        path: event.path,
        ...identity(event.file),
        read_bytes: event.bytesRead,
        written_bytes: event.bytesWritten,
        mapped_bytes: event.bytesMapped,
        mapped: event.mapped.includes('write') ? 'write' : event.mapped[0],
      };
    case 'network.connect':
      if (act !== 'network.connect') return undefined;
      return {
        transport: event.transport,
        address: event.peer.address,
        port: event.peer.port,
        errno: event.errno,
      };
    case 'unix.connect':
      if (act !== 'network.connect') return undefined;
      return { transport: 'unix', path: event.path, peer_pid: event.peer?.pid, errno: event.errno };
    case 'network.accept':
      if (act !== 'network.accept') return undefined;
      return { transport: event.transport, port: event.local.port, peer_port: event.peer.port };
    case 'network.listen':
      if (act !== 'network.listen') return undefined;
      return { transport: event.transport, port: event.local.port };
    case 'network.close':
      if (act !== 'network.close') return undefined;
      return {
        transport: event.transport,
        port: event.peer.port,
        sent_bytes: event.bytesSent,
        received_bytes: event.bytesReceived,
      };
    case 'network.raw':
      if (act !== 'network.raw') return undefined;
      return { family: event.family, errno: event.errno };
    case 'syscall':
      return act === 'syscall' ? { call: event.call, errno: event.errno } : undefined;
    case 'security.process_memory':
      if (act !== event.kind) return undefined;
      return { call: event.call, target: event.target?.pid, errno: event.errno };
    case 'security.bpf':
      return act === event.kind ? { request: event.request, errno: event.errno } : undefined;
    case 'security.memory':
      return act === event.kind ? { request: event.request } : undefined;
    case 'security.credentials':
      return act === event.kind ? { uid: event.credentials?.euid, errno: event.errno } : undefined;
    case 'security.memfd':
      return act === event.kind ? { path: event.path, errno: event.errno } : undefined;
    case 'security.signal':
      if (act !== event.kind) return undefined;
      return {
        target: event.target?.pid,
        signal: signalNumber(event.request),
        request: event.request,
        errno: event.errno,
      };
    case 'security.ptrace':
    case 'security.pidfd_getfd':
    case 'security.mount':
    case 'security.chroot':
    case 'security.module':
    case 'security.namespace':
    case 'security.io_uring':
      if (act !== event.kind) return undefined;
      return {
        call: event.call,
        request: event.request,
        target: event.target?.pid,
        path: event.path,
        namespaces: event.namespaces.join(','),
        errno: event.errno,
      };
    default:
      return undefined;
  }
}

function identity(file: FileRef | undefined): Fields {
  return file ? { device: file.device, inode: file.inode } : {};
}

function signalNumber(name: string | undefined): number | undefined {
  return name ? constants.signals[name as NodeJS.Signals] : undefined;
}

/** The state of each kind of act that a program told. */
export function statesOf(did: readonly Act[], events: readonly SensorEvent[]): Map<string, State> {
  const states = new Map<string, State>();
  for (const act of did) {
    const state = best(events.map((event) => stateBy(act, event)));
    const before = states.get(act.act) ?? 'seen';
    states.set(act.act, ORDER.indexOf(state) > ORDER.indexOf(before) ? state : before);
  }
  return states;
}

/** What each act that is not simply seen said, and what the events of its process say: for the message of a test. */
export function explain(did: readonly Act[], events: readonly SensorEvent[]): string {
  const lines: string[] = [];
  for (const act of did) {
    const state = best(events.map((event) => stateBy(act, event)));
    if (state === 'seen' || lines.length >= MAX_EXPLAINED) continue;
    lines.push(`told  ${act.act} of ${act.pid}: ${shown(Object.fromEntries(act.fields))} is ${state}`);
    for (const event of events) {
      const fields = fieldsOf(event, act.act);
      if (fields && 'process' in event)
        lines.push(`  seen ${event.kind} of ${event.process.pid}: ${shown(fields)}`);
    }
  }
  return lines.slice(0, MAX_EXPLAINED).join('\n');
}

function shown(fields: Readonly<Record<string, Value>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${JSON.stringify(String(value).slice(0, 200))}`)
    .join(' ');
}

function best(states: readonly State[]): State {
  return ORDER.find((state) => states.includes(state)) ?? 'not_seen';
}

/** How well one event tells of one act. */
function stateBy(act: Act, event: SensorEvent): State {
  if (!('process' in event) || event.process.pid !== act.pid) return 'not_seen';
  const fields = fieldsOf(event, act.act);
  if (!fields) return 'not_seen';
  const cut = 'cut' in event ? event.cut : [];
  let state: State = 'pathBasis' in event && event.pathBasis === 'claimed' ? 'claimed' : 'seen';
  for (const [name, truth] of act.fields) {
    if (name === 'not_before_ns') {
      if (event.bootNs < BigInt(Number(truth))) return 'not_seen';
    } else if (name === 'not_after_ns') {
      if (event.bootNs > BigInt(Number(truth))) return 'not_seen';
    } else if (name === 'path' && cut.includes('path') && isPartOf(fields[name], truth)) {
      state = state === 'seen' ? 'cut' : state;
    } else if (!isSame(fields[name], truth)) {
      return 'not_seen';
    }
  }
  return state;
}

function isSame(value: Value, truth: number | Buffer): boolean {
  if (value === undefined) return false;
  if (typeof truth === 'number') return !Buffer.isBuffer(value) && Number(value) === truth;
  return Buffer.isBuffer(value) ? value.equals(truth) : String(value) === truth.toString('latin1');
}

/** A cut path keeps its beginning or its end. */
function isPartOf(value: Value, truth: number | Buffer): boolean {
  if (!Buffer.isBuffer(value) || !Buffer.isBuffer(truth) || value.length === 0) return false;
  const end = truth.subarray(truth.length - value.length);
  return truth.subarray(0, value.length).equals(value) || end.equals(value);
}

/** The tiers the table has a column for. */
export type Tier = Exclude<SensorTier, 'replay'>;
