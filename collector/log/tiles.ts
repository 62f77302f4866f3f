import { join } from 'node:path';

/**
 * Where things lie in a log's folder: C2SP tlog-tiles, so any client of it can read a copy.
 *
 *     checkpoint                     the newest checkpoint
 *     checkpoints                    every checkpoint, oldest first (journal.ts)
 *     lock                           the one writer (lock.ts)
 *     tile/entries/x001/234          256 records: each two bytes of length (big endian), then the leaf
 *     tile/0/x001/234                the 256 leaf hashes of those records, 32 bytes each
 *     tile/1/x001, tile/2/000, ...   256 roots of full tiles of the level below
 *     tile/.../234.p/17              the first 17 of a tile that was not full at a closing checkpoint
 *     tile/{entries,0}/x001/235.tail what is being filled: renamed to 235 when full and on disk
 */

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** Levels a tree can have: 256^6 records are more than 2^47. */
export const MAX_LEVELS = 6;

export type TileLevel = number | 'entries';

/** "x001/x234/067" for 1234067: three digits a folder, all but the last marked with an x. */
export function tileNumberPath(number: number): string {
  const digits = String(number);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/.{3}/g) ?? [];
  return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
}

export function tilePath(directory: string, level: TileLevel, number: number): string {
  return join(directory, 'tile', String(level), tileNumberPath(number));
}

/** The file that grows until the tile is full. */
export function tailPath(directory: string, level: 0 | 'entries', number: number): string {
  return `${tilePath(directory, level, number)}.tail`;
}

export function partialPath(directory: string, level: TileLevel, number: number, width: number): string {
  return join(`${tilePath(directory, level, number)}.p`, String(width));
}

export function checkpointPath(directory: string): string {
  return join(directory, 'checkpoint');
}

export function journalPath(directory: string): string {
  return join(directory, 'checkpoints');
}

export function lockPath(directory: string): string {
  return join(directory, 'lock');
}
