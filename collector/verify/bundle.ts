import { entriesOf } from '../log/bundle.ts';
import { readIfThere } from '../log/files.ts';
import { HASH_BYTES, hashLeafInPlace } from '../log/merkle.ts';
import { TILE_WIDTH, tailPath, tileNumberPath, tilePath } from '../log/tiles.ts';

/** One bundle as it lies on disk: what its entries hash to, and the leaf hashes stored beside them. */
export interface LoadedBundle {
  readonly number: number;
  /** The entries file's name in the log's folder, for messages. */
  readonly file: string;
  readonly hashFile: string;
  /** Undefined when there is no entries file. */
  readonly bytes: Buffer | undefined;
  readonly entries: readonly { readonly start: number; readonly end: number }[];
  /** Bytes after the last whole entry. */
  readonly torn: number;
  /** Leaf hashes of the entries, side by side. */
  readonly computed: Buffer;
  /** Whole leaf hashes of the hash tile; empty when there is none. */
  readonly stored: Buffer;
}

export function loadBundle(directory: string, number: number): LoadedBundle {
  const read = (level: 0 | 'entries'): { bytes: Buffer | undefined; file: string } => {
    const name = `tile/${level}/${tileNumberPath(number)}`;
    const full = readIfThere(tilePath(directory, level, number));
    if (full) return { bytes: full, file: name };
    const tail = readIfThere(tailPath(directory, level, number));
    if (tail) return { bytes: tail, file: `${name}.tail` };
    // Between the two looks a writer may have given the file its final name.
    return { bytes: readIfThere(tilePath(directory, level, number)), file: name };
  };
  // Hashes first: the writer appends entries before hashes, so every hash read has its entry.
  const tile = read(0);
  const bundle = read('entries');
  const entries = bundle.bytes ? entriesOf(bundle.bytes) : [];
  const computed = Buffer.allocUnsafe(entries.length * HASH_BYTES);
  if (bundle.bytes)
    for (let i = 0; i < entries.length; i++) {
      const { start, end } = entries[i] as { start: number; end: number };
      hashLeafInPlace(bundle.bytes, start, end, computed, i * HASH_BYTES);
    }
  const hashes = tile.bytes ?? Buffer.alloc(0);
  return {
    number,
    file: bundle.file,
    hashFile: tile.file,
    bytes: bundle.bytes,
    entries,
    torn: (bundle.bytes?.length ?? 0) - (entries.at(-1)?.end ?? 0),
    computed,
    stored: hashes.subarray(0, Math.min(TILE_WIDTH, Math.floor(hashes.length / HASH_BYTES)) * HASH_BYTES),
  };
}
