import { Worker } from 'node:worker_threads';
import { hasWorkingDirectory } from '../log/working-directory.ts';
import { bytesOf, type Chunk, Disk, type TailStart } from './disk.ts';
import type { DiskAnswer, DiskOrder, DiskWorkerData } from './disk-worker.ts';

/** The log could not be written; `code` is the system's, such as ENOSPC. */
export class LogWriteError extends Error {
  override readonly name = 'LogWriteError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What the file system said to a part of the log that is written without the thread, as a LogWriteError. */
export async function written<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    throw syscall === undefined ? error : new LogWriteError(code ?? '', `cannot write the log: ${message}`);
  }
}

/** Who does the writing: a thread, or this one. */
interface Writer {
  /** Writes, or keeps what cannot be written now. */
  write(chunk: Chunk): void;
  /** Makes everything durable that was given before; resolves with the records a power cut cannot take. */
  sync(): Promise<number>;
  /** Bytes of all chunks that a power cut cannot take any more. */
  readonly durableBytes: number;
  /** Ends, after a sync that may have failed. */
  end(): Promise<void>;
}

/**
 * The end of the log on disk, as the event loop sees it: takes bytes and never waits.
 *
 * The disk itself is a thread: an event loop that is busy sealing comes round too seldom to drive the ten system
 * calls of each bundle one by one (durable fell behind for good at 100,000 records/s), and one that waits for a
 * disk would not take events off the sensor.
 */
export class Tail {
  readonly #writer: Writer;
  #durable: number;
  #takenBytes = 0;

  /** @param size records that are on disk already */
  constructor(directory: string, size: number, start: TailStart) {
    this.#durable = size;
    // Node starts no thread in a working directory that was deleted; a session in one is still to be recorded.
    this.#writer = hasWorkingDirectory()
      ? new ThreadWriter({ directory, size, start })
      : new OwnWriter(new Disk(directory, size, start));
  }

  /** Records that a power cut cannot take. */
  get durable(): number {
    return this.#durable;
  }

  /** Bytes taken and not durable yet; all of them are in memory. */
  get backlogBytes(): number {
    return this.#takenBytes - this.#writer.durableBytes;
  }

  push(chunk: Chunk): void {
    this.#takenBytes += bytesOf(chunk);
    // Copied, since the caller's memory goes on being filled.
    const hashes = new Uint8Array(chunk.hashes);
    if (!('bundle' in chunk)) this.#writer.write({ ...chunk, hashes });
    else this.#writer.write({ ...chunk, hashes, entries: new Uint8Array(chunk.entries) });
  }

  /**
   * Resolves when all that was pushed before is durable.
   * @throws LogWriteError; what was pushed is kept and tried again by the next call
   */
  async sync(): Promise<void> {
    this.#durable = Math.max(this.#durable, await this.#writer.sync());
  }

  /** Ends, after a sync that may have failed. */
  end(): Promise<void> {
    return this.#writer.end();
  }
}

interface Waiting {
  readonly resolve: (size: number) => void;
  readonly reject: (error: Error) => void;
}

class ThreadWriter implements Writer {
  readonly #worker: Worker;
  #durableBytes = 0;
  readonly #unsent: Chunk[] = [];
  readonly #waiting = new Map<number, Waiting>();
  #nextNumber = 0;
  #dead: Error | undefined;

  constructor(workerData: DiskWorkerData) {
    this.#worker = new Worker(new URL('./disk-worker.js', import.meta.url), { workerData, execArgv: [] });
    this.#worker.on('message', (answer: DiskAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.unref(); // keeps the process alive only while somebody waits for the disk
  }

  get durableBytes(): number {
    return this.#durableBytes;
  }

  write(chunk: Chunk): void {
    // All chunks of a turn in one message: waking the thread costs more than what it is told.
    if (this.#unsent.push(chunk) === 1) queueMicrotask(() => this.#send());
  }

  #send(): void {
    const chunks = this.#unsent.splice(0);
    if (chunks.length === 0) return;
    const memory = chunks.flatMap((chunk) =>
      'bundle' in chunk ? [chunk.hashes.buffer, chunk.entries.buffer] : [chunk.hashes.buffer],
    );
    this.#worker.postMessage({ kind: 'write', chunks } satisfies DiskOrder, memory as ArrayBuffer[]);
  }

  sync(): Promise<number> {
    if (this.#dead) return Promise.reject(this.#dead);
    const number = this.#nextNumber++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#send();
      this.#worker.postMessage({ kind: 'sync', number } satisfies DiskOrder);
    });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: DiskAnswer): void {
    this.#durableBytes = answer.durableBytes;
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (answer.kind === 'failed') {
      waiting?.reject(new LogWriteError(answer.code, `cannot write the log: ${answer.message}`));
      return;
    }
    waiting?.resolve(answer.size);
  }

  #die(error: Error): void {
    this.#dead = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

class OwnWriter implements Writer {
  readonly #disk: Disk;
  #syncing: Promise<unknown> = Promise.resolve();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get durableBytes(): number {
    return this.#disk.durableBytes;
  }

  write(chunk: Chunk): void {
    this.#disk.write(chunk);
  }

  sync(): Promise<number> {
    const synced = this.#syncing.catch(() => undefined).then(() => this.#syncNow());
    this.#syncing = synced;
    return synced;
  }

  end(): Promise<void> {
    this.#disk.close();
    return Promise.resolve();
  }

  async #syncNow(): Promise<number> {
    try {
      return await this.#disk.sync();
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException;
      throw new LogWriteError(code, `cannot write the log: ${message}`);
    }
  }
}
