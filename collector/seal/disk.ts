import {
  closeSync,
  constants,
  fdatasync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { tailPath, tilePath } from '../log/tiles.ts';

/** Full bundles that wait for fdatasync, each two open files. Past it writing waits for the sync under way. */
export const MAX_UNSYNCED_BUNDLES = 256;

/** Bytes to append to the two files of one bundle. */
export interface TailChunk {
  readonly bundle: number;
  readonly entries: Uint8Array;
  readonly hashes: Uint8Array;
  /** Records of the log once these bytes are written. */
  readonly size: number;
  /** Whether the bundle has its 256 entries now. */
  readonly full: boolean;
}

/** A tile above the leaves, whole; written once. */
export interface TileChunk {
  readonly level: number;
  readonly number: number;
  readonly hashes: Uint8Array;
}

export type Chunk = TailChunk | TileChunk;

/** The unfinished bundle and the bytes its files have. */
export interface TailStart {
  readonly bundle: number;
  readonly entriesBytes: number;
  readonly hashesBytes: number;
}

interface GrowingFile {
  readonly path: string;
  readonly finalPath: string;
  readonly file: number;
  bytes: number;
}

interface Growing {
  readonly entries: GrowingFile;
  readonly hashes: GrowingFile;
  dirty: boolean;
}

/**
 * Writes the end of the log, waiting for the disk; runs in a thread of its own (disk-worker.ts).
 *
 * A write that fails is kept, with all that comes after it, and tried again from the same place at the next sync.
 */
export class Disk {
  readonly #directory: string;
  readonly #start: TailStart;
  /** What could not be written yet, oldest first; empty unless the disk fails. */
  readonly #waiting: Chunk[] = [];
  #growing: Growing | undefined;
  /** Files that are whole and not on disk yet. */
  #full: GrowingFile[] = [];
  readonly #folders = new Set<string>();
  #size: number;
  /** Why nothing can be made durable any more, until the log is opened again. */
  #broken: Error | undefined;

  constructor(directory: string, size: number, start: TailStart) {
    this.#directory = directory;
    this.#size = size;
    this.#start = start;
  }

  /** Writes, or keeps what cannot be written now; tells whether it was written. */
  write(chunk: Chunk): boolean {
    if (this.#waiting.length === 0 && this.#broken === undefined && !this.#isCrowded()) {
      try {
        this.#writeNow(chunk);
        return true;
      } catch {
        // Kept below; sync() meets the same failure and throws it.
      }
    }
    this.#waiting.push(chunk);
    return false;
  }

  /**
   * Makes everything durable that was given before. One at a time.
   * @returns records of the log that a power cut cannot take, and the bytes that waited and are written now
   * @throws the file system's error
   */
  async sync(): Promise<{ size: number; writtenBytes: number }> {
    let writtenBytes = 0;
    let size: number;
    do {
      if (this.#broken) throw this.#broken;
      while (this.#waiting.length > 0 && !this.#isCrowded()) {
        const chunk = this.#waiting[0] as Chunk;
        this.#writeNow(chunk);
        this.#waiting.shift();
        writtenBytes += bytesOf(chunk);
      }
      size = this.#size;
      await this.#flush();
    } while (this.#waiting.length > 0);
    return { size, writtenBytes };
  }

  #isCrowded(): boolean {
    return this.#full.length >= 2 * MAX_UNSYNCED_BUNDLES;
  }

  close(): void {
    for (const { file } of this.#growing ? [this.#growing.entries, this.#growing.hashes] : [])
      closeSync(file);
    this.#growing = undefined;
  }

  #writeNow(chunk: Chunk): void {
    if ('bundle' in chunk) this.#append(chunk);
    else this.#writeTile(chunk);
  }

  #append(chunk: TailChunk): void {
    this.#growing ??= this.#openGrowing(chunk.bundle);
    const growing = this.#growing;
    const { entries, hashes } = growing;
    writeAt(entries.file, chunk.entries, entries.bytes);
    writeAt(hashes.file, chunk.hashes, hashes.bytes);
    // Counted only now: after a failed write the same bytes go to the same place again.
    entries.bytes += chunk.entries.length;
    hashes.bytes += chunk.hashes.length;
    growing.dirty = true;
    this.#size = chunk.size;
    if (!chunk.full) return;
    this.#full.push(entries, hashes);
    this.#growing = undefined;
  }

  #writeTile(chunk: TileChunk): void {
    const finalPath = tilePath(this.#directory, chunk.level, chunk.number);
    const file = this.#open(`${finalPath}.tail`);
    try {
      writeAt(file, chunk.hashes, 0);
    } catch (error) {
      closeSync(file); // the next try opens it again
      throw error;
    }
    this.#full.push({ path: `${finalPath}.tail`, finalPath, file, bytes: chunk.hashes.length });
  }

  async #flush(): Promise<void> {
    const full = [...this.#full];
    const growing = this.#growing?.dirty ? this.#growing : undefined;
    if (growing) growing.dirty = false;
    const files = growing ? [...full, growing.entries, growing.hashes] : full;
    try {
      // All at once, over libuv's threads: the file system commits them together. One after the other each would
      // wait for a commit of its own (200 files: 35 ms against 350).
      await Promise.all(files.map(({ file }) => datasync(file)));
      // Only what is on disk gets its final name, so a full name always stands for full content.
      for (const { path, finalPath, file } of full) {
        renameSync(path, finalPath);
        closeSync(file);
      }
      this.#full = this.#full.slice(full.length);
      const folders = [...this.#folders];
      this.#folders.clear();
      for (const folder of folders) syncFolder(folder);
    } catch (error) {
      // After a failed fsync Linux calls the lost pages clean, and the next fsync would succeed without them.
      // Only reading the files again tells what is there, and that is what opening the log does.
      this.#broken = error as Error;
      throw error;
    }
  }

  #openGrowing(bundle: number): Growing {
    const isStart = bundle === this.#start.bundle;
    const openAt = (level: 0 | 'entries', bytes: number): GrowingFile => {
      const path = tailPath(this.#directory, level, bundle);
      return { path, finalPath: tilePath(this.#directory, level, bundle), file: this.#open(path), bytes };
    };
    const entries = openAt('entries', isStart ? this.#start.entriesBytes : 0);
    try {
      return { entries, hashes: openAt(0, isStart ? this.#start.hashesBytes : 0), dirty: false };
    } catch (error) {
      closeSync(entries.file); // the next try opens both again
      throw error;
    }
  }

  #open(path: string): number {
    const folder = dirname(path);
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The names of new folders must last too, up to the one that was there before.
    if (made !== undefined)
      for (let parent = dirname(folder); parent.length >= dirname(made).length; parent = dirname(parent))
        this.#folders.add(parent);
    this.#folders.add(folder);
    return openSync(path, constants.O_CREAT | constants.O_WRONLY, 0o600);
  }
}

const datasync = promisify(fdatasync);

export function bytesOf(chunk: Chunk): number {
  return 'bundle' in chunk ? chunk.entries.length + chunk.hashes.length : chunk.hashes.length;
}

function writeAt(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
