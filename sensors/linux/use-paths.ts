/** The paths of open files, kept between the event that tells of an open and the one that tells of the sums. */

import { FILE_OPEN, FILE_USE, FILE_USES, RECORD } from './generated/layout.ts';
import type { Batch } from './record.ts';
import { pathOf } from './text.ts';

/** Paths of files that live processes opened. About 200 B each, so 20 MB; past it the oldest process's are forgotten,
 * and what is then told of its files has no path. */
const MAX_PATHS = 100_000;

interface Names {
  readonly names: Buffer;
  readonly flags: number;
}

/** Start and pid, and device, generation and inode, each as the bytes they are in the record: no decoding. */
const PROCESS_BYTES = RECORD.pid + 4 - RECORD.start_ns;

function processKey(batch: Batch, at: number): string {
  return batch.bytes.toString('latin1', at + RECORD.start_ns, at + RECORD.start_ns + PROCESS_BYTES);
}

function fileKey(batch: Batch, inode: number, device: number, generation: number): string {
  const { bytes } = batch;
  return (
    bytes.toString('latin1', inode, inode + 8) +
    bytes.toString('latin1', device, device + 4) +
    bytes.toString('latin1', generation, generation + 4)
  );
}

export class UsePaths {
  readonly #processes = new Map<string, Map<string, Names>>();
  #count = 0;

  /** Remembers what a struct file_open tells. */
  remember(batch: Batch, at: number): void {
    const process = processKey(batch, at);
    let files = this.#processes.get(process);
    if (!files) {
      files = new Map();
      this.#processes.set(process, files);
    }
    const { inode, device, generation } = FILE_OPEN.file;
    const from = at + FILE_OPEN.sizeBytes + batch.view.getUint32(at + FILE_OPEN.claimed_bytes, true);
    const bytes = batch.view.getUint16(at + FILE_OPEN.path.text_bytes, true);
    const before = files.size;
    files.set(fileKey(batch, at + inode, at + device, at + generation), {
      names: Buffer.from(batch.bytes.subarray(from, from + bytes)),
      flags: batch.view.getUint16(at + FILE_OPEN.path.flags, true),
    });
    this.#count += files.size - before;
    while (this.#count > MAX_PATHS) this.#forgetOldest();
  }

  /** Of the use `index` of a struct file_uses; empty when it is not known. */
  pathOfUse(batch: Batch, at: number, index: number): Buffer {
    const use = at + FILE_USES.sizeBytes + index * FILE_USE.sizeBytes;
    const { inode, device, generation } = FILE_USE;
    const found = this.#processes
      .get(processKey(batch, at))
      ?.get(fileKey(batch, use + inode, use + device, use + generation));
    return found ? pathOf(found.names, found.flags) : Buffer.alloc(0);
  }

  /** The process of this record has ended. */
  forget(batch: Batch, at: number): void {
    this.#drop(processKey(batch, at));
  }

  #forgetOldest(): void {
    const [oldest] = this.#processes.keys();
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(process: string): void {
    this.#count -= this.#processes.get(process)?.size ?? 0;
    this.#processes.delete(process);
  }
}
