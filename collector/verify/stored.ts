import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { entriesOf } from '../log/bundle.ts';
import { readIfThere } from '../log/files.ts';
import { HASH_BYTES, rootOf } from '../log/merkle.ts';
import { TILE_WIDTH, type TileLevel, tailPath, tileNumberPath, tilePath } from '../log/tiles.ts';
import type { ProblemList } from './verdict.ts';
import type { Walk } from './walk.ts';

/**
 * Checks what is stored besides records and leaf hashes, and repeats them: the tiles of the levels above, and the
 * partial tiles of a closed log. A client of the tiles would be misled by a wrong one.
 */
export function checkStoredTiles(directory: string, walk: Walk, problems: ProblemList): void {
  let below = walk.bundleRoots;
  for (let level = 1; below.length > 0; level++) {
    const above: Buffer[] = [];
    const full = Math.floor(below.length / TILE_WIDTH);
    for (let number = 0; number < full; number++) {
      const hashes = Buffer.concat(below.slice(number * TILE_WIDTH, (number + 1) * TILE_WIDTH));
      compareTile(directory, level, number, hashes, problems);
      above.push(rootOf(hashes, TILE_WIDTH));
    }
    comparePartials(directory, level, full, Buffer.concat(below.slice(full * TILE_WIDTH)), problems);
    below = above;
  }
  const last = Math.floor(walk.size / TILE_WIDTH);
  for (const level of [0, 'entries'] as const) {
    const stored =
      readIfThere(tailPath(directory, level, last)) ?? readIfThere(tilePath(directory, level, last));
    if (stored) comparePartials(directory, level, last, stored, problems);
  }
}

function compareTile(
  directory: string,
  level: number,
  number: number,
  hashes: Buffer,
  problems: ProblemList,
): void {
  const file = `tile/${level}/${tileNumberPath(number)}`;
  const stored = readIfThere(tilePath(directory, level, number));
  if (!stored) {
    problems.add('missing', { file }, `${file} is missing; the records are intact`);
    return;
  }
  if (stored.equals(hashes)) return;
  let at = 0;
  while (at < hashes.length && stored[at] === hashes[at]) at++;
  problems.add('hash', { file }, `${file} was changed at byte ${at}; the records are intact`);
}

/** Each partial is the beginning of what the tile holds. */
function comparePartials(
  directory: string,
  level: TileLevel,
  number: number,
  whole: Buffer,
  problems: ProblemList,
): void {
  const folder = `${tilePath(directory, level, number)}.p`;
  if (!existsSync(dirname(folder)) || !existsSync(folder)) return;
  // Other names: what a crash left of a partial that was being written.
  for (const width of readdirSync(folder).filter((name) => /^\d+$/.test(name))) {
    const file = `tile/${level}/${tileNumberPath(number)}.p/${width}`;
    const bytes = readIfThere(join(folder, width)) ?? Buffer.alloc(0);
    const held = level === 'entries' ? entriesOf(bytes) : undefined;
    const expectedBytes = held ? (held.at(-1)?.end ?? 0) : Number(width) * HASH_BYTES;
    const isPrefix = whole.subarray(0, bytes.length).equals(bytes) && bytes.length === expectedBytes;
    if (isPrefix && (held === undefined || held.length === Number(width))) continue;
    problems.add(
      'hash',
      { file },
      `${file} was changed: it is not the beginning of its tile; the records are intact`,
    );
  }
}
