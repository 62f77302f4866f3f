/** Records of changed names and properties: one struct file_change, of a kind that its system call decides. */

import type {
  FileAttributes,
  FileCreate,
  FileDelete,
  FileLink,
  FileRef,
  FileRename,
  FileTruncate,
  FileType,
  PathBasis,
  SensorEvent,
} from '../event.ts';
import { callName } from './calls.ts';
import { fileType } from './file-records.ts';
import { CHANGE_FLAG, FILE_CHANGE, FILE_OPEN } from './generated/layout.ts';
import { type Batch, isCut, RecordOf } from './record.ts';
import { joined } from './text.ts';

/** unlinkat(2) */
const AT_REMOVEDIR = 0x200n;
/** renameat2(2) */
const RENAME_EXCHANGE = 2n;

abstract class Change extends RecordOf {
  get errno(): number {
    return this.u32(FILE_CHANGE.error);
  }

  get call(): string {
    return callName(this.u32(FILE_CHANGE.call));
  }

  private has(flag: number): boolean {
    return (this.u32(FILE_CHANGE.flags) & flag) !== 0;
  }

  private get firstText(): Buffer {
    return this.slice(FILE_CHANGE.sizeBytes, this.u32(FILE_CHANGE.first_bytes));
  }

  protected get secondText(): Buffer {
    const at = FILE_CHANGE.sizeBytes + this.u32(FILE_CHANGE.first_bytes);
    return this.slice(at, this.u32(FILE_CHANGE.second_bytes));
  }

  private get walksAt(): number {
    return FILE_CHANGE.sizeBytes + this.u32(FILE_CHANGE.first_bytes) + this.u32(FILE_CHANGE.second_bytes);
  }

  get path(): Buffer {
    const walked = this.pathAt(this.walksAt, FILE_CHANGE.first);
    const { CHANGE_RESOLVED, CHANGE_BY_DESCRIPTOR } = CHANGE_FLAG;
    return this.has(CHANGE_RESOLVED | CHANGE_BY_DESCRIPTOR) ? walked : joined(walked, this.firstText);
  }

  protected get secondPath(): Buffer {
    const at = this.walksAt + this.u16(FILE_CHANGE.first.text_bytes);
    return joined(this.pathAt(at, FILE_CHANGE.second), this.secondText);
  }

  get pathBasis(): PathBasis {
    return this.has(CHANGE_FLAG.CHANGE_RESOLVED) ? 'resolved' : 'claimed';
  }

  get file(): FileRef | undefined {
    return this.u64(FILE_CHANGE.file.inode) === 0n ? undefined : this.fileAt(FILE_CHANGE.file);
  }

  get cut(): readonly string[] {
    const walked = isCut(this.u16(FILE_CHANGE.first.flags)) || isCut(this.u16(FILE_CHANGE.second.flags));
    const texts = this.has(CHANGE_FLAG.CHANGE_CUT) || this.has(CHANGE_FLAG.CHANGE_UNREADABLE);
    return walked || texts ? ['path'] : [];
  }

  /** Argument `index` of the call. */
  protected value(index: number): bigint {
    return this.u64(FILE_CHANGE.values + 8 * index);
  }

  /** Argument `index`, an int of the caller's: -1 means "leave it". */
  protected id(index: number): number | undefined {
    const id = Number(this.value(index) & 0xffff_ffffn);
    return id === 0xffff_ffff ? undefined : id;
  }
}

class Create extends Change implements FileCreate {
  get kind(): 'file.create' {
    return 'file.create';
  }

  get type(): FileType {
    if (this.call.startsWith('mkdir') || this.call.endsWith('MKDIRAT')) return 'directory';
    const type = Number(this.requested);
    return type >>> 12 === 0 ? 'regular' : fileType(type); // mknod(2): no type means a regular file
  }

  private get requested(): bigint {
    return this.value(this.call === 'mkdir' || this.call === 'mknod' ? 1 : 2);
  }

  get mode(): number {
    return Number(this.requested & 0o7777n);
  }
}

class Delete extends Change implements FileDelete {
  get kind(): 'file.delete' {
    return 'file.delete';
  }

  get type(): FileType | undefined {
    const isDirectory = this.call === 'rmdir' || (this.call !== 'unlink' && this.value(2) & AT_REMOVEDIR);
    return isDirectory ? 'directory' : undefined;
  }
}

class Rename extends Change implements FileRename {
  get kind(): 'file.rename' {
    return 'file.rename';
  }

  get previousPath(): Buffer {
    return this.secondPath;
  }

  get exchange(): boolean {
    return !['rename', 'renameat'].includes(this.call) && (this.value(4) & RENAME_EXCHANGE) !== 0n;
  }
}

class Link extends Change implements FileLink {
  get kind(): 'file.link' {
    return 'file.link';
  }

  private get isSymbolic(): boolean {
    return this.call.startsWith('symlink') || this.call.endsWith('SYMLINKAT');
  }

  get previousPath(): Buffer | undefined {
    return this.isSymbolic ? undefined : this.secondPath;
  }

  get symbolicTarget(): Buffer | undefined {
    return this.isSymbolic ? this.secondText : undefined;
  }
}

class Attributes extends Change implements FileAttributes {
  get kind(): 'file.attributes' {
    return 'file.attributes';
  }

  get change(): FileAttributes['change'] {
    const call = this.call.toLowerCase();
    if (call === 'ioctl') return 'flags';
    if (call.includes('xattr')) return 'xattr';
    if (call.includes('chmod')) return 'mode';
    return call.includes('chown') ? 'owner' : 'times';
  }

  private get firstValue(): number {
    return this.call.endsWith('at') || this.call.endsWith('at2') ? 2 : 1;
  }

  get mode(): number | undefined {
    return this.change === 'mode' ? Number(this.value(this.firstValue) & 0o7777n) : undefined;
  }

  get ownerUid(): number | undefined {
    return this.change === 'owner' ? this.id(this.firstValue) : undefined;
  }

  get ownerGid(): number | undefined {
    return this.change === 'owner' ? this.id(this.firstValue + 1) : undefined;
  }

  get attribute(): Buffer | undefined {
    return this.change === 'xattr' ? this.secondText : undefined;
  }
}

class Truncate extends Change implements FileTruncate {
  get kind(): 'file.truncate' {
    return 'file.truncate';
  }

  get sizeBytes(): bigint {
    return this.call.toLowerCase().endsWith('fallocate')
      ? this.u64(FILE_CHANGE.file.size_bytes)
      : this.value(1);
  }
}

/** By the call's name, io_uring's requests among them. */
const KINDS: readonly (readonly [name: RegExp, kind: new (batch: Batch, at: number) => SensorEvent])[] = [
  [/^rename|RENAMEAT$/, Rename],
  [/^(sym)?link|LINKAT$/, Link],
  [/^(unlink|rmdir)|UNLINKAT$/, Delete],
  [/^(mkdir|mknod)|MKDIRAT$/, Create],
  [/truncate|fallocate|FTRUNCATE$|FALLOCATE$/, Truncate],
];

const kindOfCall = new Map<number, new (batch: Batch, at: number) => SensorEvent>();

export function changeOf(batch: Batch, at: number): SensorEvent {
  const call = batch.view.getUint32(at + FILE_CHANGE.call, true);
  let Kind = kindOfCall.get(call);
  if (!Kind) {
    const name = callName(call);
    // IORING_OP_UNLINKAT ends like LINKAT: what is deleted comes first.
    Kind = /UNLINKAT$/.test(name)
      ? Delete
      : (KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? Attributes);
    kindOfCall.set(call, Kind);
  }
  return new Kind(batch, at);
}

/** What an open says of the file beside being opened. */
abstract class ByOpen extends RecordOf {
  get errno(): number {
    return 0;
  }

  get call(): string {
    return 'open';
  }

  get path(): Buffer {
    return this.pathAt(FILE_OPEN.sizeBytes + this.u32(FILE_OPEN.claimed_bytes), FILE_OPEN.path);
  }

  get pathBasis(): PathBasis {
    return 'resolved';
  }

  get file(): FileRef {
    return this.fileAt(FILE_OPEN.file);
  }

  get cut(): readonly string[] {
    return isCut(this.u16(FILE_OPEN.path.flags)) ? ['path'] : [];
  }
}

export class CreateByOpen extends ByOpen implements FileCreate {
  get kind(): 'file.create' {
    return 'file.create';
  }

  get type(): FileType {
    return fileType(this.u32(FILE_OPEN.file.mode));
  }

  get mode(): number {
    return this.u32(FILE_OPEN.file.mode) & 0o7777;
  }
}

export class TruncateByOpen extends ByOpen implements FileTruncate {
  get kind(): 'file.truncate' {
    return 'file.truncate';
  }

  get sizeBytes(): bigint {
    return 0n;
  }
}
