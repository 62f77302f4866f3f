import { closeSync, constants, fdatasync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { readIfThere, replaceFile, syncDirectory } from '../log/files.ts';
import { TILE_WIDTH, tailPath, tilePath } from '../log/tiles.ts';

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

interface Reached extends TailStart {
  /** Records of the log. */
  readonly size: number;
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
 * Bytes are kept until they are durable. When a write or an fdatasync fails, the next sync writes everything since the
 * last good one once more, and into new files: after a failed fdatasync Linux calls the lost pages clean, another would
 * succeed without them, and writing them again into the same file does not help either (ext4 leaves extents whose write
 * failed marked as unwritten, and they read as zeros once the page is gone: 6.18, seen by disk-full.test.ts).
 */
export class Disk {
  readonly #directory: string;
  /** Where the log ended at the last good sync. */
  #durable: Reached;
  /** What could not be written yet, oldest first; empty unless the disk fails. */
  #waiting: Chunk[] = [];
  /** What was written since the last good sync. */
  #unsynced: Chunk[] = [];
  #growing: Growing | undefined;
  /** Files that are whole and not on disk yet. */
  #full: GrowingFile[] = [];
  /** Files that are whole, on disk, and not under their final name yet. */
  readonly #unnamed: GrowingFile[] = [];
  readonly #folders = new Set<string>();
  /** Files that were open when the disk failed: only what a good sync covered is true in them. */
  readonly #suspects = new Set<string>();
  #size: number;
  #durableBytes = 0;

  constructor(directory: string, size: number, start: TailStart) {
    this.#directory = directory;
    this.#size = size;
    this.#durable = { size, ...start };
  }

  /** Bytes of all chunks that a power cut cannot take any more. */
  get durableBytes(): number {
    return this.#durableBytes;
  }

  /** Writes, or keeps what cannot be written now: sync() meets the same failure and throws it. */
  write(chunk: Chunk): void {
    if (this.#waiting.length === 0 && !this.#isCrowded()) {
      try {
        this.#writeNow(chunk);
        return;
      } catch (error) {
        if (!isSystemError(error)) throw error;
      }
    }
    this.#waiting.push(chunk);
  }

  /**
   * Makes everything durable that was given before. One at a time.
   * @returns records of the log that a power cut cannot take
   * @throws the file system's error
   */
  async sync(): Promise<number> {
    try {
      do {
        // What the last sync left half done: those bytes are durable already.
        this.#nameWhole();
        while (this.#waiting.length > 0 && !this.#isCrowded()) {
          this.#writeNow(this.#waiting[0] as Chunk);
          this.#waiting.shift();
        }
        await this.#flush();
      } while (this.#waiting.length > 0);
      return this.#durable.size;
    } catch (error) {
      this.#goBack();
      throw error;
    }
  }

  #isCrowded(): boolean {
    return this.#full.length >= 2 * MAX_UNSYNCED_BUNDLES;
  }

  close(): void {
    for (const { file } of this.#openFiles()) closeSync(file);
    for (const { file } of this.#unnamed.splice(0)) closeSync(file);
    this.#growing = undefined;
    this.#full = [];
  }

  #openFiles(): GrowingFile[] {
    return this.#growing ? [...this.#full, this.#growing.entries, this.#growing.hashes] : this.#full;
  }

  #writeNow(chunk: Chunk): void {
    if ('bundle' in chunk) this.#append(chunk);
    else this.#writeTile(chunk);
    this.#unsynced.push(chunk);
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
    const file = this.#open(`${finalPath}.tail`, 0);
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
    const written = this.#unsynced.length;
    const reached = this.#reached();
    // All at once, over libuv's threads: the file system commits them together. One after the other each would
    // wait for a commit of its own (200 files: 35 ms against 350).
    const synced = await Promise.allSettled(files.map(({ file }) => datasync(file)));
    for (const result of synced) if (result.status === 'rejected') throw result.reason;
    this.#durable = reached;
    for (const chunk of this.#unsynced.splice(0, written)) this.#durableBytes += bytesOf(chunk);
    this.#full = this.#full.slice(full.length);
    this.#unnamed.push(...full);
    this.#nameWhole();
  }

  /** Only what is on disk gets its final name, so a full name always stands for full content. */
  #nameWhole(): void {
    for (let next = this.#unnamed[0]; next; next = this.#unnamed[0]) {
      renameSync(next.path, next.finalPath);
      this.#folders.add(dirname(next.finalPath));
      closeSync(next.file);
      this.#unnamed.shift();
    }
    for (const folder of this.#folders) {
      syncDirectory(folder);
      this.#folders.delete(folder);
    }
  }

  #reached(): Reached {
    const size = this.#size;
    const bundle = Math.floor(size / TILE_WIDTH);
    const growing = this.#growing;
    if (growing)
      return { size, bundle, entriesBytes: growing.entries.bytes, hashesBytes: growing.hashes.bytes };
    return this.#durable.bundle === bundle
      ? this.#durable
      : { size, bundle, entriesBytes: 0, hashesBytes: 0 };
  }

  /** Goes back to the last good sync, with all that came after it still to be written. */
  #goBack(): void {
    for (const { file, path } of this.#openFiles()) {
      this.#suspects.add(path);
      closeSync(file);
    }
    this.#growing = undefined;
    this.#full = [];
    this.#size = this.#durable.size;
    this.#waiting = [...this.#unsynced, ...this.#waiting];
    this.#unsynced = [];
  }

  #openGrowing(bundle: number): Growing {
    const isStart = bundle === this.#durable.bundle;
    const openAt = (level: 0 | 'entries', bytes: number): GrowingFile => {
      const path = tailPath(this.#directory, level, bundle);
      return {
        path,
        finalPath: tilePath(this.#directory, level, bundle),
        file: this.#open(path, bytes),
        bytes,
      };
    };
    const entries = openAt('entries', isStart ? this.#durable.entriesBytes : 0);
    try {
      return { entries, hashes: openAt(0, isStart ? this.#durable.hashesBytes : 0), dirty: false };
    } catch (error) {
      closeSync(entries.file); // the next try opens both again
      throw error;
    }
  }

  /** @param bytes what is good in it */
  #open(path: string, bytes: number): number {
    const folder = dirname(path);
    this.#folders.add(folder);
    if (this.#suspects.has(path)) {
      copyDurably(path, bytes);
      this.#suspects.delete(path);
    }
    try {
      return openSync(path, constants.O_CREAT | constants.O_WRONLY, 0o600);
    } catch (error) {
      // Asked only now: each folder takes 256 bundles.
      if (!this.#makeFolder(folder, error)) throw error;
      return openSync(path, constants.O_CREAT | constants.O_WRONLY, 0o600);
    }
  }

  /** @returns whether it was missing, and is there now */
  #makeFolder(folder: string, error: unknown): boolean {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false;
    const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
    // The names of new folders must last too, up to the one that was there before.
    if (made !== undefined)
      for (let parent = dirname(folder); parent.length >= dirname(made).length; parent = dirname(parent))
        this.#folders.add(parent);
    return made !== undefined;
  }
}

const datasync = promisify(fdatasync);

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

export function bytesOf(chunk: Chunk): number {
  return 'bundle' in chunk ? chunk.entries.length + chunk.hashes.length : chunk.hashes.length;
}

function writeAt(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; )
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
}

/** Puts a new file with the first `bytes` of the old one in its place. */
function copyDurably(path: string, bytes: number): void {
  const good = readIfThere(path)?.subarray(0, bytes) ?? Buffer.alloc(0);
  if (good.length < bytes) throw new Error(`${path} has ${good.length} bytes, and ${bytes} were durable`);
  replaceFile(path, good);
}
