/** What of a log a destination has not got yet: records, bytes, and for how long the oldest of them has waited. */

import { readFileSync, statSync } from 'node:fs';
import { entriesOf } from '../log/bundle.ts';
import { decodeLeaf, RecordError } from '../log/record.ts';
import { TILE_WIDTH, tailPath, tilePath } from '../log/tiles.ts';

export interface Lag {
  readonly records: number;
  /** Of the records as they are stored; without what a request and a connection add. */
  readonly bytes: number;
  /** Since the oldest of them was sealed; 0 when there is none. */
  readonly seconds: number;
}

const NONE: Lag = { records: 0, bytes: 0, seconds: 0 };

/** Two bytes before each entry of a bundle say its length; they are not sent. */
const LENGTH_BYTES = 2;

/**
 * Measures by the log's files: one bundle is read, of the others the size is asked. A full bundle never changes, so
 * its size is asked once.
 */
export class LagMeter {
  readonly #directory: string;
  /** Sizes of full bundles, by number; those before the position are forgotten. */
  readonly #sizes = new Map<number, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param next first record not yet delivered @param end records there are */
  measure(next: number, end: number): Lag {
    const first = Math.floor(next / TILE_WIDTH);
    for (const bundle of this.#sizes.keys()) if (bundle < first) this.#sizes.delete(bundle);
    if (next >= end) return NONE;
    const oldest = this.#readBundle(first);
    const waiting = entriesOf(oldest).slice(next % TILE_WIDTH, end - first * TILE_WIDTH);
    let bytes = waiting.reduce((sum, entry) => sum + entry.end - entry.start, 0);
    for (let bundle = first + 1; bundle * TILE_WIDTH < end; bundle++) {
      const records = Math.min(TILE_WIDTH, end - bundle * TILE_WIDTH);
      bytes += Math.max(0, this.#sizeOf(bundle) - LENGTH_BYTES * records);
    }
    const [entry] = waiting;
    return { records: end - next, bytes, seconds: entry ? ageSeconds(oldest, entry) : 0 };
  }

  #readBundle(bundle: number): Buffer {
    return this.#either(bundle, (path) => readFileSync(path)) ?? Buffer.alloc(0);
  }

  #sizeOf(bundle: number): number {
    const known = this.#sizes.get(bundle);
    if (known !== undefined) return known;
    const full = tilePath(this.#directory, 'entries', bundle);
    return (
      this.#either(bundle, (path) => {
        const { size } = statSync(path);
        if (path === full) this.#sizes.set(bundle, size);
        return size;
      }) ?? 0
    );
  }

  /** The full bundle or the growing one; undefined where it was pruned. */
  #either<T>(bundle: number, look: (path: string) => T): T | undefined {
    const full = tilePath(this.#directory, 'entries', bundle);
    // The growing file may be renamed between the first look and the second; a third finds it.
    for (const path of [full, tailPath(this.#directory, 'entries', bundle), full]) {
      try {
        return look(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    return undefined;
  }
}

function ageSeconds(bundle: Buffer, { start, end }: { start: number; end: number }): number {
  try {
    const { observedNs } = decodeLeaf(bundle.subarray(start, end));
    return Math.max(0, Date.now() / 1_000 - Number(observedNs) / 1e9);
  } catch (error) {
    // A damaged record is told by `spoor verify`; its age is not known.
    if (error instanceof RecordError) return 0;
    throw error;
  }
}
