/** Sums of what a process did with files: one record, many struct file_use, each an event. */

import type { FileAccess, FileClose, FileRef, FileType, FileWay } from '../event.ts';
import { fileType } from './file-records.ts';
import { FILE_USE, FILE_USES, USE_CAUSE, USE_MAP, USE_WAY } from './generated/layout.ts';
import { type Batch, RecordOf } from './record.ts';

const CAUSES: { readonly [cause: number]: FileClose['cause'] } = {
  [USE_CAUSE.USES_CLOSE]: 'close',
  [USE_CAUSE.USES_EXIT]: 'exit',
  [USE_CAUSE.USES_REFRESH]: 'refresh',
  [USE_CAUSE.USES_EXEC]: 'exec',
};

const WAYS: readonly (readonly [bit: number, way: FileWay])[] = [
  [USE_WAY.WAY_READ, 'read'],
  [USE_WAY.WAY_WRITE, 'write'],
  [USE_WAY.WAY_MMAP, 'mmap'],
  [USE_WAY.WAY_SPLICE, 'splice'],
  [USE_WAY.WAY_SENDFILE, 'sendfile'],
  [USE_WAY.WAY_COPY_FILE_RANGE, 'copy_file_range'],
  [USE_WAY.WAY_IO_URING, 'io_uring'],
  [USE_WAY.WAY_AIO, 'aio'],
];

const MAPS: readonly (readonly [bit: number, access: 'read' | 'write' | 'execute'])[] = [
  [USE_MAP.MAPPED_READ, 'read'],
  [USE_MAP.MAPPED_WRITE, 'write'],
  [USE_MAP.MAPPED_EXECUTE, 'execute'],
];

/** Bit N: opened with FMODE_READ | FMODE_WRITE == N; bit 4: by O_PATH. */
const ACCESSES: readonly (readonly [bit: number, access: FileAccess])[] = [
  [1 << 1, 'read'],
  [1 << 2, 'write'],
  [1 << 3, 'read_write'],
  [1 << 4, 'none'],
];

function names<Name>(bits: number, table: readonly (readonly [bit: number, name: Name])[]): Name[] {
  return table.filter(([bit]) => bits & bit).map(([, name]) => name);
}

export function usesOf(batch: Batch, at: number): number {
  return batch.view.getUint32(at + FILE_USES.count, true);
}

export class Use extends RecordOf implements FileClose {
  /** Of the struct file_use within the record. */
  readonly #use: number;
  readonly path: Buffer;

  constructor(batch: Batch, at: number, index: number, path: Buffer) {
    super(batch, at);
    this.#use = FILE_USES.sizeBytes + index * FILE_USE.sizeBytes;
    this.path = path;
  }

  get kind(): 'file.close' {
    return 'file.close';
  }

  get cause(): FileClose['cause'] {
    return CAUSES[this.u32(FILE_USES.cause)] ?? 'refresh';
  }

  get file(): FileRef {
    const { inode, device, generation } = FILE_USE;
    return this.fileAt({
      inode: this.#use + inode,
      device: this.#use + device,
      generation: this.#use + generation,
    });
  }

  get type(): FileType {
    return fileType(this.u32(this.#use + FILE_USE.mode));
  }

  get sizeBytes(): bigint {
    return this.u64(this.#use + FILE_USE.size_bytes);
  }

  get opens(): number {
    return this.u32(this.#use + FILE_USE.opens);
  }

  get bytesRead(): bigint {
    return this.u64(this.#use + FILE_USE.read_bytes);
  }

  get bytesWritten(): bigint {
    return this.u64(this.#use + FILE_USE.written_bytes);
  }

  get bytesMapped(): bigint {
    return this.u64(this.#use + FILE_USE.mapped_bytes);
  }

  get mapped(): readonly ('read' | 'write' | 'execute')[] {
    return names(this.u32(this.#use + FILE_USE.mapped), MAPS);
  }

  get access(): readonly FileAccess[] {
    return names(this.u32(this.#use + FILE_USE.accesses), ACCESSES);
  }

  get ways(): readonly FileWay[] {
    return names(this.u32(this.#use + FILE_USE.ways), WAYS);
  }

  get firstOpenBootNs(): bigint {
    return this.u64(this.#use + FILE_USE.first_ns);
  }
}
