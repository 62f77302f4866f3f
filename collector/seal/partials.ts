import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { readIfThere, replaceFile } from '../log/files.ts';
import { partialPath, tailPath } from '../log/tiles.ts';
import type { TileTree } from '../log/tree.ts';

/**
 * Writes the partial tiles and the partial bundle of the log's present size, so that a copy of a closed log is a
 * complete C2SP tlog-tiles tree for its last checkpoint. They repeat what `.tail` files and tiles hold, and
 * nothing of ours reads them; partials of earlier sizes are removed.
 */
export function writePartials(directory: string, tree: TileTree): void {
  for (const { level, number, hashes } of tree.partials())
    writePartial(partialPath(directory, level, number, hashes.length / 32), hashes);
  const last = tree.partials().find((partial) => partial.level === 0);
  if (!last) return;
  const entries = readIfThere(tailPath(directory, 'entries', last.number));
  if (entries) writePartial(partialPath(directory, 'entries', last.number, last.hashes.length / 32), entries);
}

function writePartial(path: string, content: Buffer): void {
  const folder = dirname(path);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(path, content);
}
