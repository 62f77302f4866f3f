/** How often each session makes each system call: rows of the kernel's counters, given out to sessions. */

import type { SensorGap, SessionTag, SystemCallHistogram } from '../event.ts';
import { callName } from './calls.ts';

/** Rows there are (bpf/records.h, HISTOGRAM_SESSIONS); row 0 belongs to nobody. */
const ROWS = 64;
const NO_ROW = 0;

export class Histograms {
  readonly #readRow: (row: number) => Buffer;
  readonly #rows = new Map<SessionTag, number>();
  /** What each row stood at when it was last told, or given out: the kernel only ever adds. */
  readonly #told = new Map<number, Buffer>();
  /** Sessions for which there was no row, and how many of them nobody has been told of yet. */
  readonly #uncounted = new Set<SessionTag>();
  #untold = 0n;

  constructor(readRow: (row: number) => Buffer) {
    this.#readRow = readRow;
  }

  /** The session's row; 0 when all are taken: such a session is not counted, and uncounted() says so. */
  rowFor(session: SessionTag): number {
    const known = this.#rows.get(session);
    if (known !== undefined) return known;
    const taken = new Set(this.#rows.values());
    const row = Array.from({ length: ROWS - 1 }, (_, index) => index + 1).find((free) => !taken.has(free));
    if (row === undefined) {
      if (!this.#uncounted.has(session)) this.#untold += 1n;
      this.#uncounted.add(session);
      return NO_ROW;
    }
    this.#rows.set(session, row);
    this.#told.set(row, this.#readRow(row));
    return row;
  }

  /** What a session did since it was last told; undefined when that is nothing. */
  take(session: SessionTag, bootNs: bigint): SystemCallHistogram | undefined {
    const row = this.#rows.get(session);
    if (row === undefined) return undefined;
    const now = this.#readRow(row);
    const before = this.#told.get(row) ?? Buffer.alloc(now.length);
    this.#told.set(row, now);
    const counts = [];
    for (let call = 0; call * 8 < now.length; call++) {
      const count = now.readBigUInt64LE(call * 8) - before.readBigUInt64LE(call * 8);
      if (count > 0n) counts.push({ call: callName(call), count });
    }
    return counts.length > 0 ? { kind: 'syscall.histogram', bootNs, session, counts } : undefined;
  }

  /** The sessions that have no histogram, since they were last told. */
  uncounted(bootNs: bigint): SensorGap[] {
    const count = this.#untold;
    this.#untold = 0n;
    if (count === 0n) return [];
    const why = { lost: 'syscall.histogram', hook: undefined, cause: 'unreadable', cpu: -1 } as const;
    return [{ kind: 'sensor.gap', bootNs, count, ...why }];
  }

  /** The session is over: its row is free for another. */
  release(session: SessionTag): void {
    this.#uncounted.delete(session);
    this.#rows.delete(session);
  }

  sessions(): SessionTag[] {
    return [...this.#rows.keys()];
  }
}
