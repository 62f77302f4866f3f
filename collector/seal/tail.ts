import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { tailPath, tilePath } from '../log/tiles.ts';

/**
 * Full bundles that wait for fdatasync, each two open files. Past it writing waits for the disk; what is
 * appended meanwhile stays in memory. Reached only above 64,000 records between two syncs.
 */
export const MAX_UNSYNCED_BUNDLES = 256;

/** Files flushed at once: libuv has four threads by default, and hashing of files needs some of them. */
const SYNCS_AT_ONCE = 2;

/** Bytes to append to the two files of one bundle. */
export interface TailChunk {
  readonly bundle: number;
  readonly entries: Buffer;
  readonly hashes: Buffer;
  /** Records of the log once these bytes are written. */
  readonly size: number;
  /** Whether the bundle has its 256 entries now. */
  readonly full: boolean;
}

/** A tile above the leaves, whole; written once. */
export interface TileChunk {
  readonly level: number;
  readonly number: number;
  readonly hashes: Buffer;
}

interface Growing {
  readonly bundle: number;
  readonly files: readonly [entries: GrowingFile, hashes: GrowingFile];
  full: boolean;
  dirty: boolean;
}

interface GrowingFile {
  readonly path: string;
  readonly finalPath: string;
  readonly handle: FileHandle;
  bytes: number;
}

/**
 * The end of the log on disk. Takes bytes without waiting, writes them in order, and tells what is written
 * (survives the end of this process) and what is durable (survives a power cut).
 *
 * A write that fails is tried again from the same place at the next `sync`; until then what comes waits in memory.
 */
export class Tail {
  readonly #directory: string;
  readonly #queue: (TailChunk | TileChunk)[] = [];
  #queuedBytes = 0;
  #pushed: number;
  #written: number;
  #durable: number;
  #growing: Growing | undefined;
  /** Full bundles on their way to disk, oldest first. */
  #unsynced: Growing[] = [];
  readonly #newTiles: GrowingFile[] = [];
  readonly #folders = new Set<string>();
  readonly #start: { bundle: number; entriesBytes: number; hashesBytes: number };
  #draining: Promise<void> | undefined;
  #syncing: Promise<void> = Promise.resolve();
  /** Why nothing can be made durable any more, until the log is opened again. */
  #broken: Error | undefined;

  /** @param start the unfinished bundle and the bytes it has; `size` records are written and durable */
  constructor(
    directory: string,
    size: number,
    start: { bundle: number; entriesBytes: number; hashesBytes: number },
  ) {
    this.#directory = directory;
    this.#pushed = size;
    this.#written = size;
    this.#durable = size;
    this.#start = start;
  }

  get durable(): number {
    return this.#durable;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  push(chunk: TailChunk | TileChunk): void {
    this.#queue.push(chunk);
    this.#queuedBytes += bytesOf(chunk);
    if ('bundle' in chunk) this.#pushed = chunk.size;
    // A failure here is not lost: the chunk stays first in the queue, and sync() meets the same failure.
    this.#drain().catch(() => undefined);
  }

  /**
   * Resolves when all that was pushed before is durable.
   * @throws the file system's error; what was pushed is kept and tried again by the next call
   */
  async sync(): Promise<void> {
    // One at a time, each after the one before however that ended.
    const before = this.#syncing.catch(() => undefined);
    this.#syncing = before.then(() => this.#syncNow());
    return this.#syncing;
  }

  async close(): Promise<void> {
    await this.sync();
    for (const file of this.#growing?.files ?? []) await file.handle.close();
    this.#growing = undefined;
  }

  async #syncNow(): Promise<void> {
    const target = this.#pushed;
    do {
      if (this.#broken) throw this.#broken;
      await this.#drain();
      try {
        await this.#flush();
      } catch (error) {
        // After a failed fsync Linux calls the lost pages clean, and the next fsync would succeed without them.
        // Only reading the files again tells what is there, and that is what opening the log does.
        this.#broken = error as Error;
        throw error;
      }
    } while (this.#durable < target);
    if (this.#queue.length > 0) this.#drain().catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const size = this.#written;
    const due = [...this.#unsynced, ...(this.#growing?.dirty ? [this.#growing] : [])];
    for (const growing of due) growing.dirty = false;
    const tiles = this.#newTiles.splice(0);
    const handles = [...due.flatMap((growing) => growing.files), ...tiles].map((file) => file.handle);
    for (let i = 0; i < handles.length; i += SYNCS_AT_ONCE)
      await Promise.all(handles.slice(i, i + SYNCS_AT_ONCE).map((handle) => handle.datasync()));

    // Only what is on disk gets its final name, so a full name always stands for full content.
    const full = due.filter((growing) => growing.full && this.#unsynced.includes(growing));
    for (const file of [...full.flatMap((growing) => growing.files), ...tiles]) {
      await rename(file.path, file.finalPath);
      await file.handle.close();
    }
    this.#unsynced = this.#unsynced.filter((growing) => !full.includes(growing));
    const folders = [...this.#folders];
    this.#folders.clear();
    for (const folder of folders) await syncFolder(folder);
    this.#durable = size;
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#writeQueue().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #writeQueue(): Promise<void> {
    for (let chunk = this.#queue[0]; chunk; chunk = this.#queue[0]) {
      if (this.#unsynced.length >= MAX_UNSYNCED_BUNDLES) return; // sync() goes on from here
      if ('bundle' in chunk) await this.#writeTail(chunk);
      else await this.#writeTile(chunk);
      this.#queue.shift();
      this.#queuedBytes -= bytesOf(chunk);
    }
  }

  async #writeTail(chunk: TailChunk): Promise<void> {
    this.#growing ??= await this.#openGrowing(chunk.bundle);
    const growing = this.#growing;
    const [entries, hashes] = growing.files;
    await writeAt(entries.handle, chunk.entries, entries.bytes);
    await writeAt(hashes.handle, chunk.hashes, hashes.bytes);
    // Counted only now: after a failed write the same bytes go to the same place again.
    entries.bytes += chunk.entries.length;
    hashes.bytes += chunk.hashes.length;
    growing.dirty = true;
    this.#written = chunk.size;
    if (!chunk.full) return;
    growing.full = true;
    this.#unsynced.push(growing);
    this.#growing = undefined;
  }

  async #writeTile(chunk: TileChunk): Promise<void> {
    const path = tilePath(this.#directory, chunk.level, chunk.number);
    const handle = await this.#openFile(`${path}.tail`);
    try {
      await writeAt(handle, chunk.hashes, 0);
    } catch (error) {
      await handle.close(); // the next try opens it again
      throw error;
    }
    this.#newTiles.push({ path: `${path}.tail`, finalPath: path, handle, bytes: chunk.hashes.length });
  }

  async #openGrowing(bundle: number): Promise<Growing> {
    const isStart = bundle === this.#start.bundle;
    const openAt = async (level: 0 | 'entries', bytes: number): Promise<GrowingFile> => {
      const path = tailPath(this.#directory, level, bundle);
      return {
        path,
        finalPath: tilePath(this.#directory, level, bundle),
        handle: await this.#openFile(path),
        bytes,
      };
    };
    const entries = await openAt('entries', isStart ? this.#start.entriesBytes : 0);
    let hashes: GrowingFile;
    try {
      hashes = await openAt(0, isStart ? this.#start.hashesBytes : 0);
    } catch (error) {
      await entries.handle.close(); // the next try opens both again
      throw error;
    }
    return { bundle, files: [entries, hashes], full: false, dirty: false };
  }

  async #openFile(path: string): Promise<FileHandle> {
    const folder = dirname(path);
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    // The names of new folders must last too, up to the one that was there before.
    if (made !== undefined)
      for (let parent = dirname(folder); parent.length >= dirname(made).length; parent = dirname(parent))
        this.#folders.add(parent);
    this.#folders.add(folder);
    return open(path, constants.O_CREAT | constants.O_WRONLY, 0o600);
  }
}

function bytesOf(chunk: TailChunk | TileChunk): number {
  return 'bundle' in chunk ? chunk.entries.length + chunk.hashes.length : chunk.hashes.length;
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
