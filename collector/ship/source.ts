import { newestCheckpoint, readJournal, type StoredCheckpoint } from '../log/journal.ts';
import { readRecords } from '../log/reader.ts';
import { encodeCheckpointRecord } from './checkpoint.ts';
import type { Position } from './position.ts';

/** Records of one request. Past it a request would gain no speed and lose more when it is sent again. */
const MAX_BATCH_RECORDS = 1_024;

/** Bytes of one request: a quarter of the 4 MiB that gRPC receivers take by default. One longer record still goes, alone. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** What goes out in one request, and where the destination stands once it has it. */
export interface Batch {
  readonly leaves: readonly Buffer[];
  readonly after: Position;
}

/** Reads a log in the order it is shipped: records, and each checkpoint right after the records it covers. */
export class LogSource {
  readonly #directory: string;
  #journalEnd = 0;
  /** Number of the newest checkpoint read. */
  #lastNumber = -1;
  /** First record the log still has, as that checkpoint says. */
  #first = 0;
  #pending: StoredCheckpoint[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Origin of the log, or undefined while it has no checkpoint. */
  origin(): string | undefined {
    return newestCheckpoint(this.#directory)?.checkpoint.origin;
  }

  /** What follows `position` in the log up to record `durable`; undefined when there is nothing. */
  async next(position: Position, durable: number): Promise<Batch | undefined> {
    this.#readJournal(position);
    const leaves: Buffer[] = [];
    let bytes = 0;
    // What was pruned before this destination got it is gone; the log says so in a log.prune record.
    let next = Math.max(position.next, this.#first);
    const to = Math.min(durable, next + MAX_BATCH_RECORDS);
    read: for await (const records of readRecords(this.#directory, next, to)) {
      for (const { index, leaf } of records) {
        if (leaves.length > 0 && bytes + leaf.length > MAX_BATCH_BYTES) break read;
        leaves.push(leaf);
        bytes += leaf.length;
        next = index + 1;
      }
    }
    let checkpoint = position.checkpoint;
    for (const stored of this.#pending) {
      if (stored.checkpoint.size > next || leaves.length >= 2 * MAX_BATCH_RECORDS) break;
      leaves.push(encodeCheckpointRecord(stored));
      checkpoint = stored.checkpoint.number + 1;
    }
    return leaves.length === 0 ? undefined : { leaves, after: { origin: position.origin, next, checkpoint } };
  }

  /** Number of the checkpoint that will follow the newest. */
  checkpointsEnd(position: Position): number {
    this.#readJournal(position);
    return this.#lastNumber + 1;
  }

  #readJournal(position: Position): void {
    let read = readJournal(this.#directory, this.#journalEnd);
    // Pruning writes the journal anew without its beginning: then the old end is no place in it any more.
    const expected = this.#lastNumber + 1;
    if (
      read.size < this.#journalEnd ||
      read.faults.length > 0 ||
      (read.checkpoints[0]?.checkpoint.number ?? expected) !== expected
    )
      read = readJournal(this.#directory);
    this.#journalEnd = read.end;
    this.#pending.push(...read.checkpoints.filter(({ checkpoint }) => checkpoint.number > this.#lastNumber));
    const newest = this.#pending.at(-1)?.checkpoint;
    this.#lastNumber = newest?.number ?? this.#lastNumber;
    this.#first = newest?.first ?? this.#first;
    const first = this.#pending.findIndex((stored) => stored.checkpoint.number >= position.checkpoint);
    this.#pending = first < 0 ? [] : this.#pending.slice(first);
  }
}
