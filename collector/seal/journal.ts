import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from '../log/files.ts';
import { formatJournalEntry } from '../log/journal.ts';
import { journalPath } from '../log/tiles.ts';
import type { JournalMarks } from './marks.ts';

/** Copied at once when the beginning of the journal is dropped. */
const COPY_BYTES = 256 * 1024;

/** Appends checkpoints to the journal, durably, and drops the oldest when their records are pruned. */
export class JournalWriter {
  readonly #path: string;
  /** Undefined after a failure: what was open may be on a file system that is gone. */
  #file: FileHandle | undefined;
  /** A write failed: only what was synced before is true in the file (see disk.ts), so it is replaced by a copy. */
  #isSuspect = false;
  /** End of the last whole note. */
  #bytes: number;
  readonly #marks: JournalMarks;

  /** @param bytes of the whole notes it holds */
  static async open(directory: string, marks: JournalMarks, bytes: number): Promise<JournalWriter> {
    const path = journalPath(directory);
    return new JournalWriter(path, await openJournal(path), marks, bytes);
  }

  private constructor(path: string, file: FileHandle, marks: JournalMarks, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.#marks = marks;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
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
    this.#marks.add(size, this.#bytes);
    this.#bytes += entry.length;
  }

  /** Drops the checkpoints before the last one marked at or below `first`, which stays as the beginning of the chain. */
  async dropBefore(first: number): Promise<void> {
    const from = this.#marks.startFor(first);
    if (from === 0) return;
    await this.#copyFrom(from);
    this.#marks.moveBack(from);
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
    // Else a power cut brings the old journal back, without the checkpoints that are written to this one.
    syncDirectory(dirname(this.#path));
    await this.close();
    this.#bytes -= from;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}

function openJournal(path: string): Promise<FileHandle> {
  return open(path, 'a', 0o600);
}
