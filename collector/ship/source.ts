import { newestCheckpoint, readJournal, type StoredCheckpoint } from '../log/journal.ts';
import { readRecords, type StoredRecord } from '../log/reader.ts';
import { CheckpointEncoder } from './checkpoint.ts';
import type { Position } from './position.ts';

/** Records of one request. Past it a request would gain no speed and lose more when it is sent again. */
const MAX_BATCH_RECORDS = 1_024;

/** Bytes of one request: a quarter of the 4 MiB that gRPC receivers take by default. One longer record still goes, alone. */
const MAX_BATCH_BYTES = 1024 * 1024;

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
  /** Checkpoints not given yet. */
  #pending: StoredCheckpoint[] = [];
  /** The newest checkpoint read: its number, and the first record the log still has. */
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

  /** What comes next, up to record `durable`; empty when there is nothing. */
  async next(durable: number): Promise<Item[]> {
    this.#readJournal();
    const items: Item[] = [];
    let bytes = 0;
    while (items.length < MAX_BATCH_RECORDS) {
      const item = await this.#peek(durable);
      if (!item || (items.length > 0 && bytes + item.leaf.length > MAX_BATCH_BYTES)) break;
      this.#take();
      items.push(item);
      bytes += item.leaf.length;
    }
    return items;
  }

  /** Number that the checkpoint after the newest will have. */
  checkpointsEnd(): number {
    this.#readJournal();
    return this.#lastNumber + 1;
  }

  async #peek(durable: number): Promise<Item | undefined> {
    if (this.#parts[0]) return this.#parts[0];
    // What was pruned before this destination got it is gone.
    if (this.#records.length === 0 && this.#next < this.#first) {
      this.#pruned(this.#next, this.#first);
      this.#next = this.#first;
    }
    const due = this.#pending[0];
    if (due && due.checkpoint.size <= this.#next) {
      this.#encode(due);
      return this.#parts[0];
    }
    if (this.#records.length === 0) await this.#read(Math.min(durable, due?.checkpoint.size ?? durable));
    const record = this.#records[0];
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
    for await (const records of readRecords(this.#directory, this.#next, to)) {
      this.#records = records;
      return;
    }
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
    let read = readJournal(this.#directory, this.#journalEnd);
    // Pruning writes the journal anew without its beginning: then the old end is no place in it any more.
    const expected = this.#lastNumber + 1;
    const number = read.checkpoints[0]?.checkpoint.number ?? expected;
    if (read.size < this.#journalEnd || read.faults.length > 0 || number !== expected)
      read = readJournal(this.#directory);
    this.#journalEnd = read.end;
    for (const stored of read.checkpoints) {
      const { checkpoint } = stored;
      if (checkpoint.number <= this.#lastNumber) continue;
      this.#lastNumber = checkpoint.number;
      this.#first = checkpoint.first;
      if (checkpoint.number >= this.#checkpoint) this.#pending.push(stored);
      else this.#coveredSize = checkpoint.size;
    }
  }
}
