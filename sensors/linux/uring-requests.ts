/** Requests of io_uring that have a name, kept between the record that tells the name and the one that tells the result. */

import {
  CHANGE_FLAG,
  FILE_CHANGE,
  FILE_OPEN,
  OPEN_FLAG,
  RECORD,
  RECORD_KIND,
  URING_RESULT,
} from './generated/layout.ts';
import { Batch } from './record.ts';

/**
 * Requests without a result yet, some 300 B each, so 5 MB. Past it the oldest goes: an open that succeeded never has a
 * result here, and what else is as old as that has hung for as long as 16,384 others took.
 */
const MAX_REQUESTS = 16_384;

/** By the kernel's number of a request, which is used again; oldest first. Each one record, of its final kind. */
type Requests = Map<bigint, Batch>;

export class UringRequests {
  readonly #answered: Requests = new Map();
  /** A success of these says nothing: they have succeeded when their number is used again or their process has ended. */
  readonly #silent: Requests = new Map();

  /** Keeps what a KIND_URING_OPEN or KIND_URING_CHANGE asks; gives what has thereby turned out to be done. */
  ask(batch: Batch, at: number): Batch | undefined {
    const isOpen = batch.view.getUint32(at + RECORD.kind, true) === RECORD_KIND.KIND_URING_OPEN;
    const number = isOpen ? FILE_OPEN.file.inode : FILE_CHANGE.values + 5 * 8;
    const request = batch.view.getBigUint64(at + number, true);
    const own = new Batch(
      Buffer.from(batch.bytes.subarray(at, at + batch.view.getUint32(at + RECORD.bytes, true))),
    );
    own.view.setUint32(RECORD.kind, isOpen ? RECORD_KIND.KIND_FILE_OPEN : RECORD_KIND.KIND_FILE_CHANGE, true);
    own.view.setBigUint64(number, 0n, true);
    const silent = isOpen
      ? own.view.getUint32(FILE_OPEN.flags, true) & OPEN_FLAG.OPEN_SILENT
      : own.view.getUint32(FILE_CHANGE.flags, true) & CHANGE_FLAG.CHANGE_SILENT;
    const done = this.#silent.get(request);
    this.#silent.delete(request);
    this.#answered.delete(request);
    const requests = silent ? this.#silent : this.#answered;
    requests.set(request, own);
    if (requests.size <= MAX_REQUESTS) return done;
    const [oldest] = requests.keys();
    if (oldest !== undefined) requests.delete(oldest);
    return done;
  }

  /** What a KIND_URING_RESULT makes of a request; undefined when what was asked is not known (its record was lost). */
  done(batch: Batch, at: number): Batch | undefined {
    const request = batch.view.getBigUint64(at + URING_RESULT.request, true);
    const asked = this.#answered.get(request) ?? this.#silent.get(request);
    if (!asked) return undefined;
    this.#answered.delete(request);
    this.#silent.delete(request);
    const isOpen = asked.view.getUint32(RECORD.kind, true) === RECORD_KIND.KIND_FILE_OPEN;
    const error = batch.view.getUint32(at + URING_RESULT.error, true);
    asked.view.setUint32(isOpen ? FILE_OPEN.error : FILE_CHANGE.error, error, true);
    return asked;
  }

  /** The silent requests of a process that has ended: the kernel lets none go on, and none has failed. */
  ofEnded(pid: number): Batch[] {
    const done: Batch[] = [];
    for (const [request, asked] of this.#silent) {
      if (asked.view.getUint32(RECORD.pid, true) !== pid) continue;
      done.push(asked);
      this.#silent.delete(request);
    }
    return done;
  }

  /** All silent requests: nobody will look any more. */
  rest(): Batch[] {
    const done = [...this.#silent.values()];
    this.#silent.clear();
    return done;
  }
}
