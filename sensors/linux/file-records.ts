/** Records of files that were opened. What changed names and properties: change-records.ts; sums: use-records.ts. */

import type { FileAccess, FileOpen, FileRef, FileType } from '../event.ts';
import { FILE_OPEN, OPEN_FLAG } from './generated/layout.ts';
import { isCut, isDeleted, RecordOf } from './record.ts';
import { joined } from './text.ts';

const FILE_TYPES: { readonly [format: number]: FileType } = {
  1: 'fifo',
  2: 'character',
  4: 'directory',
  6: 'block',
  8: 'regular',
  10: 'link',
  12: 'socket',
};

/** Of an inode's mode. */
export function fileType(mode: number): FileType {
  return FILE_TYPES[(mode >>> 12) & 0xf] ?? 'other';
}

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

export class Open extends RecordOf implements FileOpen {
  get kind(): 'file.open' {
    return 'file.open';
  }

  get errno(): number {
    return this.u32(FILE_OPEN.error);
  }

  /** There is no file to look at: the name is all that is known. */
  private get isByName(): boolean {
    const flags = this.u32(FILE_OPEN.flags);
    if (flags & OPEN_FLAG.OPEN_RESOLVED) return false;
    return this.errno !== 0 || (flags & OPEN_FLAG.OPEN_SILENT) !== 0;
  }

  private get claimed(): Buffer {
    return this.slice(FILE_OPEN.sizeBytes, this.u32(FILE_OPEN.claimed_bytes));
  }

  /** Opened: the file's. Failed: of the directory, or root, that `claimed` starts from. */
  private get walked(): Buffer {
    return this.pathAt(FILE_OPEN.sizeBytes + this.u32(FILE_OPEN.claimed_bytes), FILE_OPEN.path);
  }

  get path(): Buffer {
    return this.isByName ? joined(this.walked, this.claimed) : this.walked;
  }

  get pathBasis(): 'resolved' | 'claimed' {
    return this.isByName ? 'claimed' : 'resolved';
  }

  get deleted(): boolean {
    return !this.isByName && isDeleted(this.u16(FILE_OPEN.path.flags));
  }

  get created(): boolean {
    return (this.u32(FILE_OPEN.flags) & OPEN_FLAG.OPEN_CREATED) !== 0;
  }

  get access(): FileAccess {
    if (this.isByName || this.errno !== 0) return requestedAccess(this.u32(FILE_OPEN.open_flags));
    const mode = this.u32(FILE_OPEN.file_mode);
    if (mode & FMODE_PATH) return 'none';
    if ((mode & (FMODE_READ | FMODE_WRITE)) === (FMODE_READ | FMODE_WRITE)) return 'read_write';
    if (mode & FMODE_WRITE) return 'write';
    return mode & FMODE_READ ? 'read' : 'none';
  }

  get flags(): readonly string[] {
    const bits = this.u32(FILE_OPEN.open_flags);
    const names = OPEN_FLAGS.filter(([bit]) => bits & bit).map(([, name]) => name);
    if (this.u32(FILE_OPEN.flags) & OPEN_FLAG.OPEN_IO_URING) names.push('io_uring');
    return bits & O_TMPFILE_OWN ? names.filter((name) => name !== 'directory') : names;
  }

  get file(): FileRef | undefined {
    return this.isByName ? undefined : this.fileAt(FILE_OPEN.file);
  }

  get type(): FileType | undefined {
    if (this.isByName) return undefined;
    return fileType(this.u32(FILE_OPEN.file.mode));
  }

  get sizeBytes(): bigint {
    return this.u64(FILE_OPEN.file.size_bytes);
  }

  get changeNs(): bigint {
    return this.u64(FILE_OPEN.file.change_ns);
  }

  get mode(): number {
    return this.u32(FILE_OPEN.file.mode) & 0o7777;
  }

  get cut(): readonly string[] {
    const { OPEN_CLAIMED_CUT, OPEN_CLAIMED_UNREADABLE } = OPEN_FLAG;
    const claimed = this.u32(FILE_OPEN.flags) & (OPEN_CLAIMED_CUT | OPEN_CLAIMED_UNREADABLE);
    return claimed || isCut(this.u16(FILE_OPEN.path.flags)) ? ['path'] : [];
  }
}

function requestedAccess(flags: number): FileAccess {
  if (flags & 0o10000000) return 'none';
  return (['read', 'write', 'read_write', 'none'] as const)[flags & O_ACCMODE] ?? 'none';
}
