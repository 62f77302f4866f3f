/**
 * Reads the kernel's records (bpf/records.h) out of a batch, lazily: an event is a batch and an offset, and a field is
 * decoded when somebody asks for it.
 */

import type {
  Credentials,
  Endpoint,
  FileAccess,
  FileOpen,
  FileRef,
  FileType,
  NetworkConnect,
  ProcessExec,
  ProcessExit,
  ProcessFork,
  ProcessRef,
  SensorEvent,
  SessionTag,
} from '../sensor.ts';
import * as layout from './generated/layout.ts';
import { pathOf, splitArguments } from './text.ts';

const AF_INET6 = 10;
const IPPROTO_TCP = 6;

/** Bits of a wait status, as waitpid(2) lays them out. */
const STATUS_SIGNAL = 0x7f;

const FILE_TYPES: { readonly [format: number]: FileType } = {
  1: 'fifo',
  2: 'character',
  4: 'directory',
  6: 'block',
  8: 'regular',
  10: 'link',
  12: 'socket',
};

/** include/linux/fs.h */
const FMODE_READ = 1;
const FMODE_WRITE = 2;
const FMODE_PATH = 0x4000;

const O_ACCMODE = 3;
/** open(2) flags that change something, x86 and arm64's generic values alike but for directory. */
const OPEN_FLAGS: readonly (readonly [bits: number, name: string])[] = [
  [0o100, 'create'],
  [0o200, 'exclusive'],
  [0o1000, 'truncate'],
  [0o2000, 'append'],
  [0o200000, 'directory'],
  [0o20000000, 'tmpfile'],
  [0o10000000, 'path'],
];
/** O_TMPFILE holds O_DIRECTORY's bit too. */
const O_TMPFILE_OWN = 0o20000000;

class Batch {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

abstract class RecordOf {
  protected readonly batch: Batch;
  protected readonly at: number;

  constructor(batch: Batch, at: number) {
    this.batch = batch;
    this.at = at;
  }

  protected u16(offset: number): number {
    return this.batch.view.getUint16(this.at + offset, true);
  }

  protected u32(offset: number): number {
    return this.batch.view.getUint32(this.at + offset, true);
  }

  protected u64(offset: number): bigint {
    return this.batch.view.getBigUint64(this.at + offset, true);
  }

  protected slice(from: number, bytes: number): Buffer {
    return this.batch.bytes.subarray(this.at + from, this.at + from + bytes);
  }

  protected processAt(offset: { start_ns: number; pid: number }): ProcessRef {
    return { pid: this.u32(offset.pid), startNs: this.u64(offset.start_ns) };
  }

  protected fileAt(offset: { inode: number; device: number; generation: number }): FileRef {
    return {
      device: deviceName(this.u32(offset.device)),
      inode: this.u64(offset.inode),
      generation: this.u32(offset.generation),
    };
  }

  get bootNs(): bigint {
    return this.u64(layout.RECORD.boot_ns);
  }

  get process(): ProcessRef {
    return this.processAt(layout.RECORD);
  }

  get threadId(): number {
    return this.u32(layout.RECORD.thread_id);
  }

  get session(): SessionTag {
    return this.u32(layout.RECORD.session);
  }
}

/** The kernel packs a device number as major << 20 | minor (include/linux/kdev_t.h). */
function deviceName(device: number): string {
  return `${device >>> 20}:${device & 0xfffff}`;
}

class Fork extends RecordOf implements ProcessFork {
  get kind(): 'process.fork' {
    return 'process.fork';
  }

  get creator(): ProcessRef {
    return this.processAt(layout.PROCESS_FORK.creator);
  }
}

class Exec extends RecordOf implements ProcessExec {
  get kind(): 'process.exec' {
    return 'process.exec';
  }

  get parent(): ProcessRef {
    return this.processAt(layout.PROCESS_EXEC.parent);
  }

  get around(): SessionTag {
    return this.u32(layout.PROCESS_EXEC.around);
  }

  get credentials(): Credentials {
    const { uid, euid, gid, egid } = layout.PROCESS_EXEC;
    return { uid: this.u32(uid), euid: this.u32(euid), gid: this.u32(gid), egid: this.u32(egid) };
  }

  get executableFile(): FileRef {
    return this.fileAt(layout.PROCESS_EXEC.executable);
  }

  get executableSizeBytes(): bigint {
    return this.u64(layout.PROCESS_EXEC.executable.size_bytes);
  }

  get executableChangeNs(): bigint {
    return this.u64(layout.PROCESS_EXEC.executable.change_ns);
  }

  private get argsAt(): number {
    return layout.PROCESS_EXEC.sizeBytes;
  }

  private get calledAt(): number {
    return this.argsAt + this.u32(layout.PROCESS_EXEC.args_bytes);
  }

  private get executableAt(): number {
    return this.calledAt + this.u32(layout.PROCESS_EXEC.called_bytes);
  }

  private get workingDirectoryAt(): number {
    return this.executableAt + this.u16(layout.PROCESS_EXEC.executable_path.text_bytes);
  }

  get args(): readonly Buffer[] {
    const bytes = this.slice(this.argsAt, this.u32(layout.PROCESS_EXEC.args_bytes));
    if (!(this.u32(layout.PROCESS_EXEC.flags) & layout.EXEC_FLAG.EXEC_ARGS_CUT)) return splitArguments(bytes);
    // The middle is missing: what stands before the gap and what stands behind it are not one argument.
    const half = bytes.length / 2;
    return [...splitArguments(bytes.subarray(0, half)), ...splitArguments(bytes.subarray(half))];
  }

  get argsCount(): number {
    return this.u32(layout.PROCESS_EXEC.args_count);
  }

  get calledPath(): Buffer {
    return this.slice(this.calledAt, this.u32(layout.PROCESS_EXEC.called_bytes));
  }

  get executable(): Buffer {
    const { text_bytes, flags } = layout.PROCESS_EXEC.executable_path;
    return pathOf(this.slice(this.executableAt, this.u16(text_bytes)), this.u16(flags));
  }

  get executableDeleted(): boolean {
    return isDeleted(this.u16(layout.PROCESS_EXEC.executable_path.flags));
  }

  get workingDirectory(): Buffer {
    const { text_bytes, flags } = layout.PROCESS_EXEC.working_directory;
    return pathOf(this.slice(this.workingDirectoryAt, this.u16(text_bytes)), this.u16(flags));
  }

  get cut(): readonly string[] {
    const { EXEC_ARGS_CUT, EXEC_ARGS_UNREADABLE, EXEC_CALLED_CUT } = layout.EXEC_FLAG;
    const flags = this.u32(layout.PROCESS_EXEC.flags);
    const cut: string[] = [];
    if (flags & (EXEC_ARGS_CUT | EXEC_ARGS_UNREADABLE)) cut.push('args');
    if (flags & EXEC_CALLED_CUT) cut.push('calledPath');
    if (isCut(this.u16(layout.PROCESS_EXEC.executable_path.flags))) cut.push('executable');
    if (isCut(this.u16(layout.PROCESS_EXEC.working_directory.flags))) cut.push('workingDirectory');
    return cut;
  }
}

class Exit extends RecordOf implements ProcessExit {
  get kind(): 'process.exit' {
    return 'process.exit';
  }

  get exitCode(): number | undefined {
    const status = this.u32(layout.PROCESS_EXIT.status);
    return status & STATUS_SIGNAL ? undefined : (status >>> 8) & 0xff;
  }

  get exitSignal(): number | undefined {
    return this.u32(layout.PROCESS_EXIT.status) & STATUS_SIGNAL || undefined;
  }
}

class Open extends RecordOf implements FileOpen {
  get kind(): 'file.open' {
    return 'file.open';
  }

  get errno(): number {
    return this.u32(layout.FILE_OPEN.error);
  }

  private get claimed(): Buffer {
    return this.slice(layout.FILE_OPEN.sizeBytes, this.u32(layout.FILE_OPEN.claimed_bytes));
  }

  /** Opened: the file's. Failed: of the directory, or root, that `claimed` starts from. */
  private get walked(): Buffer {
    const { text_bytes, flags } = layout.FILE_OPEN.path;
    const at = layout.FILE_OPEN.sizeBytes + this.u32(layout.FILE_OPEN.claimed_bytes);
    return pathOf(this.slice(at, this.u16(text_bytes)), this.u16(flags));
  }

  get path(): Buffer {
    if (this.errno === 0) return this.walked;
    const from = this.walked;
    const claimed = this.claimed;
    if (claimed.length === 0) return from;
    const slash = Buffer.from('/');
    if (claimed[0] === slash[0]) return from.length > 1 ? Buffer.concat([from, claimed]) : claimed;
    return from.length > 1 ? Buffer.concat([from, slash, claimed]) : Buffer.concat([from, claimed]);
  }

  get pathBasis(): 'resolved' | 'claimed' {
    return this.errno === 0 ? 'resolved' : 'claimed';
  }

  get deleted(): boolean {
    return this.errno === 0 && isDeleted(this.u16(layout.FILE_OPEN.path.flags));
  }

  get created(): boolean {
    return (this.u32(layout.FILE_OPEN.flags) & layout.OPEN_FLAG.OPEN_CREATED) !== 0;
  }

  get access(): FileAccess {
    if (this.errno !== 0) return requestedAccess(this.u32(layout.FILE_OPEN.open_flags));
    const mode = this.u32(layout.FILE_OPEN.file_mode);
    if (mode & FMODE_PATH) return 'none';
    if ((mode & (FMODE_READ | FMODE_WRITE)) === (FMODE_READ | FMODE_WRITE)) return 'read_write';
    if (mode & FMODE_WRITE) return 'write';
    return mode & FMODE_READ ? 'read' : 'none';
  }

  get flags(): readonly string[] {
    const bits = this.u32(layout.FILE_OPEN.open_flags);
    const names = OPEN_FLAGS.filter(([bit]) => bits & bit).map(([, name]) => name);
    return bits & O_TMPFILE_OWN ? names.filter((name) => name !== 'directory') : names;
  }

  get file(): FileRef | undefined {
    return this.errno === 0 ? this.fileAt(layout.FILE_OPEN.file) : undefined;
  }

  get type(): FileType | undefined {
    if (this.errno !== 0) return undefined;
    return FILE_TYPES[this.u32(layout.FILE_OPEN.file.mode) >>> 12] ?? 'other';
  }

  get sizeBytes(): bigint {
    return this.u64(layout.FILE_OPEN.file.size_bytes);
  }

  get changeNs(): bigint {
    return this.u64(layout.FILE_OPEN.file.change_ns);
  }

  get mode(): number {
    return this.u32(layout.FILE_OPEN.file.mode) & 0o7777;
  }

  get cut(): readonly string[] {
    const { OPEN_CLAIMED_CUT, OPEN_CLAIMED_UNREADABLE } = layout.OPEN_FLAG;
    const claimed = this.u32(layout.FILE_OPEN.flags) & (OPEN_CLAIMED_CUT | OPEN_CLAIMED_UNREADABLE);
    return claimed || isCut(this.u16(layout.FILE_OPEN.path.flags)) ? ['path'] : [];
  }
}

function requestedAccess(flags: number): FileAccess {
  if (flags & 0o10000000) return 'none';
  return (['read', 'write', 'read_write', 'none'] as const)[flags & O_ACCMODE] ?? 'none';
}

class Connect extends RecordOf implements NetworkConnect {
  get kind(): 'network.connect' {
    return 'network.connect';
  }

  get errno(): number {
    return this.u32(layout.NETWORK_CONNECT.error);
  }

  get transport(): 'tcp' | 'udp' {
    return this.u32(layout.NETWORK_CONNECT.protocol) === IPPROTO_TCP ? 'tcp' : 'udp';
  }

  /** An IPv6 socket that talks IPv4 (RFC 4291, 2.5.5.2: mapped addresses) is on an IPv4 network. */
  get type(): 'ipv4' | 'ipv6' {
    const { peer } = layout.NETWORK_CONNECT;
    return this.u16(peer.family) === AF_INET6 && !isMapped(this.slice(peer.address, 16)) ? 'ipv6' : 'ipv4';
  }

  get local(): Endpoint {
    return this.endpointAt(layout.NETWORK_CONNECT.local);
  }

  get peer(): Endpoint {
    return this.endpointAt(layout.NETWORK_CONNECT.peer);
  }

  private endpointAt(offset: { address: number; port: number; family: number }): Endpoint {
    const port = this.batch.view.getUint16(this.at + offset.port, false);
    if (this.u16(offset.family) !== AF_INET6)
      return { address: ipv4Text(this.slice(offset.address, 4)), port };
    const address = this.slice(offset.address, 16);
    return { address: isMapped(address) ? ipv4Text(address.subarray(12)) : ipv6Text(address), port };
  }
}

function isMapped(address: Buffer): boolean {
  return (
    address.readBigUInt64BE(0) === 0n && address.readUInt16BE(8) === 0 && address.readUInt16BE(10) === 0xffff
  );
}

function ipv4Text(address: Buffer): string {
  return address.join('.');
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::", the first of equals. */
function ipv6Text(address: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(2 * index));
  let begin = 0;
  let length = 0;
  for (let from = 0; from < 8; from++) {
    let to = from;
    while (to < 8 && groups[to] === 0) to++;
    if (to - from > length) [begin, length] = [from, to - from];
    if (to > from) from = to;
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, begin))}::${text(groups.slice(begin + length))}`;
}

function isDeleted(pathFlags: number): boolean {
  const { PATH_DELETED, PATH_UNPLACED } = layout.PATH_FLAG;
  return (pathFlags & (PATH_DELETED | PATH_UNPLACED)) !== 0;
}

function isCut(pathFlags: number): boolean {
  return (pathFlags & layout.PATH_FLAG.PATH_CUT) !== 0;
}

const RECORDS: { readonly [kind: number]: new (batch: Batch, at: number) => SensorEvent } = {
  [layout.RECORD_KIND.KIND_PROCESS_FORK]: Fork,
  [layout.RECORD_KIND.KIND_PROCESS_EXEC]: Exec,
  [layout.RECORD_KIND.KIND_PROCESS_EXIT]: Exit,
  [layout.RECORD_KIND.KIND_FILE_OPEN]: Open,
  [layout.RECORD_KIND.KIND_NETWORK_CONNECT]: Connect,
};

/** Names of record kinds, as sensor.gap and the counts give them. */
export const KIND_NAMES: { readonly [kind: number]: SensorEvent['kind'] } = {
  [layout.RECORD_KIND.KIND_PROCESS_FORK]: 'process.fork',
  [layout.RECORD_KIND.KIND_PROCESS_EXEC]: 'process.exec',
  [layout.RECORD_KIND.KIND_PROCESS_EXIT]: 'process.exit',
  [layout.RECORD_KIND.KIND_FILE_OPEN]: 'file.open',
  [layout.RECORD_KIND.KIND_NETWORK_CONNECT]: 'network.connect',
};

/**
 * The events of one batch, in ring order. They share its bytes.
 * @throws Error when the bytes are no records: the object and this decoder are of different builds
 */
export function eventsOf(bytes: Buffer): SensorEvent[] {
  const batch = new Batch(bytes);
  const events: SensorEvent[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = batch.view.getUint32(at + layout.RECORD.bytes, true);
    const kind = batch.view.getUint32(at + layout.RECORD.kind, true);
    const Known = RECORDS[kind];
    if (!Known || length < layout.RECORD.sizeBytes || at + length > bytes.length)
      throw new Error(`record at byte ${at} of a batch: kind ${kind}, ${length} bytes; run: make build`);
    events.push(new Known(batch, at));
    at += (length + 7) & ~7;
  }
  return events;
}
