import { isFault, newestCheckpoint, notesIn, parseStored, type StoredCheckpoint } from '../log/journal.ts';
import { firstRecord, LogReadError, readRecords, type StoredRecord } from '../log/reader.ts';
import { CheckpointEncoder } from './checkpoint.ts';
import type { Position } from './position.ts';

/** Records of one request. Past it a request would gain no speed and lose more when it is sent again. */
const MAX_BATCH_RECORDS = 1_024;

/** Bytes of one request: a quarter of the 4 MiB that gRPC receivers take by default. One longer record still goes, alone. */
const MAX_BATCH_BYTES = 1024 * 1024;

/**
 * Checkpoints read ahead, 2 KB each; the journal of a log that was not shipped for weeks has a million. As many as the
 * records of a request at least: between two looks at the journal no more are given.
 */
const MAX_PENDING = MAX_BATCH_RECORDS;

/** One record to send, and where the destination stands once it has it. */
export interface Item {
  readonly leaf: Buffer;
  /** First record of the log, and number of the first checkpoint, that come after it. */
  readonly next: number;
  readonly checkpoint: number;
}

/**
 * Reads a log in the order it is shipped: records, and each checkpoint right after the records it covers.
 * What it gave once it does not give again; a new source begins at the stored position.
 */
export class LogSource {
  readonly #directory: string;
  readonly #encoder: CheckpointEncoder;
  readonly #pruned: (from: number, to: number) => void;
  #next: number;
  #checkpoint: number;
  /** Read and not given yet; all of them come before `#next`. */
  #records: StoredRecord[] = [];
  #parts: Item[] = [];
  #journalEnd = 0;
  /** Checkpoints not given yet, the next MAX_PENDING of them. */
  #pending: StoredCheckpoint[] = [];
  /** The last checkpoint read: its number, and the first record the log then had. */
  #lastNumber = -1;
  #first = 0;
  /** Records that the last checkpoint given covers; undefined when the journal does not reach back to it. */
  #coveredSize: number | undefined;

  /** @param pruned told of records that are gone before they were given: from the first to the one before `to` */
  constructor(directory: string, position: Position, pruned: (from: number, to: number) => void = () => {}) {
    this.#pruned = pruned;
    this.#directory = directory;
    this.#encoder = new CheckpointEncoder(directory);
    this.#next = position.next;
    this.#checkpoint = position.checkpoint;
    this.#coveredSize = position.checkpoint === 0 ? 0 : undefined;
  }

  /** Origin of a log, or undefined while it has no checkpoint. */
  static originOf(directory: string): string | undefined {
    return newestCheckpoint(directory)?.checkpoint.origin;
  }

  /**
   * What comes next, up to record `durable`; empty when there is nothing.
   * @throws LogReadError when a record before `durable` is not there and was not pruned
   */
  async next(durable: number): Promise<Item[]> {
    this.#readJournal();
    const items: Item[] = [];
    let bytes = 0;
    while (items.length < MAX_BATCH_RECORDS) {
      let item: Item | undefined;
      try {
        item = await this.#peek(durable);
      } catch (error) {
        // What stands before it goes first; the next call meets it again.
        if (items.length === 0 || !(error instanceof LogReadError)) throw error;
      }
      if (!item || (items.length > 0 && bytes + item.leaf.length > MAX_BATCH_BYTES)) break;
      this.#take();
      items.push(item);
      bytes += item.leaf.length;
    }
    return items;
  }

  /** Number that the checkpoint after the newest will have. */
  checkpointsEnd(): number {
    return (newestCheckpoint(this.#directory)?.checkpoint.number ?? -1) + 1;
  }

  async #peek(durable: number): Promise<Item | undefined> {
    if (this.#parts[0]) return this.#parts[0];
    // What was pruned before this destination got it is gone.
    if (this.#records.length === 0) this.#passTo(this.#first);
    const due = this.#pending[0];
    if (due && due.checkpoint.size <= this.#next) {
      this.#encode(due);
      return this.#parts[0];
    }
    const from = this.#next;
    if (this.#records.length === 0) await this.#read(Math.min(durable, due?.checkpoint.size ?? durable));
    const record = this.#records[0];
    if (!record && this.#next > from) return this.#peek(durable);
    return record && { leaf: record.leaf, next: record.index + 1, checkpoint: this.#checkpoint };
  }

  #take(): void {
    const part = this.#parts.shift();
    if (part) {
      this.#checkpoint = part.checkpoint;
      return;
    }
    const record = this.#records.shift();
    if (record) this.#next = record.index + 1;
  }

  async #read(to: number): Promise<void> {
    while (this.#next < to) {
      for await (const records of readRecords(this.#directory, this.#next, to)) {
        this.#passTo(records[0]?.index ?? this.#next);
        this.#records = records;
        return;
      }
      const first = firstRecord(this.#directory);
      if (first <= this.#next)
        throw new LogReadError(`${this.#directory}: record ${this.#next} is missing; see: spoor verify`);
      this.#passTo(first);
    }
  }

  /** What was pruned goes to nobody any more, and is told; also what was pruned after the journal was read. */
  #passTo(first: number): void {
    if (first <= this.#next) return;
    this.#pruned(this.#next, first);
    this.#next = first;
  }

  #encode(stored: StoredCheckpoint): void {
    this.#pending.shift();
    const records = this.#encoder.encode(stored, this.#coveredSize);
    const { number, size } = stored.checkpoint;
    this.#coveredSize = size;
    // Only the last of them, the checkpoint itself, counts as given.
    this.#parts = records.map((leaf, i) => ({
      leaf,
      next: this.#next,
      checkpoint: i === records.length - 1 ? number + 1 : this.#checkpoint,
    }));
  }

  #readJournal(): void {
    if (!this.#readJournalFrom(this.#journalEnd)) this.#readJournalFrom(0);
  }

  /** False where that is no place in the journal: pruning wrote it anew, without its beginning. */
  #readJournalFrom(from: number): boolean {
    const notes = notesIn(this.#directory, from);
    try {
      while (this.#pending.length < MAX_PENDING) {
        const next = notes.next();
        if (next.done) return from <= next.value.size;
        const read = parseStored(next.value);
        // What is no checkpoint is passed by: `spoor verify` tells of it.
        const stored = isFault(read) ? undefined : read;
        if (from > 0 && stored?.checkpoint.number !== this.#lastNumber + 1) return false;
        this.#journalEnd = next.value.end;
        if (stored && stored.checkpoint.number > this.#lastNumber) this.#takeCheckpoint(stored);
      }
      return true;
    } finally {
      notes.return({ end: from, size: from });
    }
  }

  #takeCheckpoint(stored: StoredCheckpoint): void {
    const { number, first, size } = stored.checkpoint;
    this.#lastNumber = number;
    this.#first = first;
    if (number >= this.#checkpoint) this.#pending.push(stored);
    else this.#coveredSize = size;
  }
}
