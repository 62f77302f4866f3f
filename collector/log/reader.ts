import { readFile } from 'node:fs/promises';
import { entriesOf } from './bundle.ts';
import { readIfThere } from './files.ts';
import { newestCheckpoint } from './journal.ts';
import { TILE_WIDTH, tailPath, tilePath } from './tiles.ts';

/** A record as it lies in the log: its place, and the bytes that were hashed and are shipped. */
export interface StoredRecord {
  readonly index: number;
  readonly leaf: Buffer;
}

/** The log does not hold a record that it should hold; names the record and the file. */
export class LogReadError extends Error {
  override readonly name = 'LogReadError';
}

/**
 * Records `from` (inclusive) to `to` (exclusive) of a log, a bundle at a time, also while it is being written.
 * Begins at the first record that was not pruned, and ends early where the log ends.
 * Does not verify: that is what collector/verify is for.
 * @throws LogReadError when a record between others is missing
 */
export async function* readRecords(
  directory: string,
  from: number,
  to: number,
): AsyncGenerator<StoredRecord[]> {
  for (let next = from; next < to; ) {
    const bundle = Math.floor(next / TILE_WIDTH);
    const base = bundle * TILE_WIDTH;
    const { bytes, full } = await readBundle(directory, bundle);
    const records = entriesOf(bytes)
      .map(({ start, end }, i) => ({ index: base + i, leaf: bytes.subarray(start, end) }))
      .filter(({ index }) => index >= next && index < to);
    if (records.length > 0) yield records;
    const end = records.at(-1)?.index ?? next - 1;
    if (end + 1 < Math.min(to, base + TILE_WIDTH)) {
      if (full)
        throw new LogReadError(`${tilePath(directory, 'entries', bundle)}: record ${end + 1} is missing`);
      // No file: past the end, or pruned meanwhile, and then the log goes on further up.
      const first = firstRecord(directory);
      if (first <= next) return;
      next = first;
      continue;
    }
    next = end + 1;
  }
}

/** The first record the log still holds; those before it were pruned. */
export function firstRecord(directory: string): number {
  return newestCheckpoint(directory)?.checkpoint.first ?? 0;
}

/** Records in the log, by its files: those of the last checkpoint and the whole ones after it. */
export function countRecords(directory: string): number {
  let size = newestCheckpoint(directory)?.checkpoint.size ?? 0;
  for (let bundle = Math.floor(size / TILE_WIDTH); ; bundle++) {
    const full = readIfThere(tilePath(directory, 'entries', bundle));
    const bytes = full ?? readIfThere(tailPath(directory, 'entries', bundle));
    if (!bytes) return size;
    size = Math.max(size, bundle * TILE_WIDTH + entriesOf(bytes).length);
    if (size < (bundle + 1) * TILE_WIDTH) return size;
  }
}

async function readBundle(directory: string, bundle: number): Promise<{ bytes: Buffer; full: boolean }> {
  const full = tilePath(directory, 'entries', bundle);
  // The growing file may be renamed between the first look and the second; a third finds it.
  for (const path of [full, tailPath(directory, 'entries', bundle), full]) {
    try {
      return { bytes: await readFile(path), full: path === full };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return { bytes: Buffer.alloc(0), full: false };
}
