import { LRUCache } from 'lru-cache';
import type { LogRecord } from '../log/record.ts';
import { TILE_WIDTH } from '../log/tiles.ts';

/** Bundles of decoded records kept, some 1 MB each: a record stands seldom far from its neighbours in time. */
const MOST_BUNDLES = 32;

/** Reads records `from` (inclusive) to `to` (exclusive), in order of the log. */
export type ReadRecords = (from: number, to: number) => AsyncIterable<LogRecord>;

/**
 * Records of the log, which stand in order of what was known, in order of when it happened; of one time in order of the
 * log. Only times and places are held while the order is found, some 60 bytes a record; then each is read again.
 */
export async function* inOrderOfTime(
  wanted: AsyncIterable<LogRecord>,
  read: ReadRecords,
): AsyncGenerator<LogRecord> {
  const places: { readonly timeNs: bigint; readonly index: number }[] = [];
  for await (const { timeNs, index } of wanted) if (index !== undefined) places.push({ timeNs, index });
  places.sort((a, b) => (a.timeNs === b.timeNs ? a.index - b.index : a.timeNs < b.timeNs ? -1 : 1));
  const bundles = new LRUCache<number, ReadonlyMap<number, LogRecord>>({ max: MOST_BUNDLES });
  for (const { index } of places) {
    const number = Math.floor(index / TILE_WIDTH);
    const bundle = bundles.get(number) ?? (await bundleOf(read, number));
    bundles.set(number, bundle);
    const record = bundle.get(index);
    if (record) yield record; // else it was pruned in between
  }
}

async function bundleOf(read: ReadRecords, number: number): Promise<ReadonlyMap<number, LogRecord>> {
  const bundle = new Map<number, LogRecord>();
  const from = number * TILE_WIDTH;
  for await (const record of read(from, from + TILE_WIDTH))
    if (record.index !== undefined) bundle.set(record.index, record);
  return bundle;
}
