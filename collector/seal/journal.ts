import { type FileHandle, open, rename } from 'node:fs/promises';
import { formatJournalEntry, type StoredCheckpoint } from '../log/journal.ts';
import { journalPath, TILE_WIDTH } from '../log/tiles.ts';

/** Copied at once when the beginning of the journal is dropped. */
const COPY_BYTES = 256 * 1024;

/** Where in the journal the checkpoint over `size` records begins. */
interface Mark {
  readonly size: number;
  readonly start: number;
}

/** Appends checkpoints to the journal, durably, and drops the oldest when their records are pruned. */
export class JournalWriter {
  readonly #path: string;
  /** Undefined after a failure: what was open may be on a file system that is gone. */
  #file: FileHandle | undefined;
  /** A write failed: only what was synced before is true in the file (see disk.ts), so it is replaced by a copy. */
  #isSuspect = false;
  /** End of the last whole note. */
  #bytes: number;
  /** Oldest first, at most one for each bundle: pruning goes by bundles. */
  readonly #marks: Mark[] = [];

  static async open(directory: string, stored: readonly StoredCheckpoint[]): Promise<JournalWriter> {
    const path = journalPath(directory);
    return new JournalWriter(path, await openJournal(path), stored);
  }

  private constructor(path: string, file: FileHandle, stored: readonly StoredCheckpoint[]) {
    this.#path = path;
    this.#file = file;
    this.#bytes = stored.at(-1)?.end ?? 0;
    for (const { checkpoint, start } of stored) this.#mark(checkpoint.size, start);
  }

  async append(note: string, size: number): Promise<void> {
    const entry = Buffer.from(formatJournalEntry(note));
    try {
      if (this.#isSuspect) await this.#copyFrom(0);
      this.#isSuspect = false;
      this.#file ??= await openJournal(this.#path);
      // A failed try may have left part of a note: begin at the end of the last whole one again. Only then: a journal
      // with the append-only attribute (chattr +a) refuses it.
      if ((await this.#file.stat()).size !== this.#bytes) await this.#file.truncate(this.#bytes);
      await this.#file.appendFile(entry);
      await this.#file.datasync();
    } catch (error) {
      this.#isSuspect = true;
      await this.close();
      throw error;
    }
    this.#mark(size, this.#bytes);
    this.#bytes += entry.length;
  }

  /** Drops the checkpoints before the last one marked at or below `first`, which stays as the beginning of the chain. */
  async dropBefore(first: number): Promise<void> {
    const kept = this.#marks.findLastIndex(({ size }) => size <= first);
    const from = this.#marks[kept]?.start ?? 0;
    if (from === 0) return;
    await this.#copyFrom(from);
    const marks = this.#marks.splice(0).slice(kept);
    this.#marks.push(...marks.map(({ size, start }) => ({ size, start: start - from })));
  }

  /** Puts a copy in the journal's place that begins at byte `from`. */
  async #copyFrom(from: number): Promise<void> {
    const next = await open(`${this.#path}.next`, 'w', 0o600);
    const source = await open(this.#path, 'r');
    try {
      const buffer = Buffer.alloc(COPY_BYTES);
      for (let at = from; at < this.#bytes; ) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(COPY_BYTES, this.#bytes - at), at);
        await next.writeFile(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
      await next.sync();
    } finally {
      await source.close();
      await next.close();
    }
    await rename(`${this.#path}.next`, this.#path);
    await this.close();
    this.#bytes -= from;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  #mark(size: number, start: number): void {
    const last = this.#marks.at(-1);
    if (!last || Math.floor(size / TILE_WIDTH) > Math.floor(last.size / TILE_WIDTH))
      this.#marks.push({ size, start });
  }
}

function openJournal(path: string): Promise<FileHandle> {
  return open(path, 'a', 0o600);
}
