import { readIfThere } from './files.ts';
import { CompactRange, HASH_BYTES, powersOf, rootOf } from './merkle.ts';
import { MAX_LEVELS, TILE_WIDTH, tailPath, tileNumberPath, tilePath } from './tiles.ts';

/** Tiles kept in memory, 8 KiB each: a proof touches two a level. */
const MAX_TILES = 64;

/** A hash that the stored tiles do not hold; names the tile. */
export class HashMissingError extends Error {
  override readonly name = 'HashMissingError';
}

/** Hashes of complete subtrees, from the stored tiles of a log. */
export class HashReader {
  readonly #directory: string;
  readonly #tiles = new Map<string, Buffer>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Root over the records `start` to `end`: RFC 6962's MTH(D[start:end]). Splits where the RFC splits, so that
   * every part is a complete subtree.
   * @throws HashMissingError
   */
  rootOf(start: number, end: number): Buffer {
    const parts: Buffer[] = [];
    let at = start;
    for (const leaves of powersOf(end - start)) {
      parts.push(this.subtree(Math.log2(leaves), at / leaves));
      at += leaves;
    }
    // Complete subtrees from large to small: the RFC's tree folds them from the right.
    return parts.reduceRight((right, left) => rootOf(Buffer.concat([left, right]), 2));
  }

  /** Leaf hashes of the records `start` to `end`, side by side. */
  leaves(start: number, end: number): Buffer {
    const parts: Buffer[] = [];
    for (let at = start; at < end; ) {
      const from = at % TILE_WIDTH;
      const width = Math.min(TILE_WIDTH, from + end - at);
      const tile = this.#tile(0, Math.floor(at / TILE_WIDTH), width);
      parts.push(tile.subarray(from * HASH_BYTES, width * HASH_BYTES));
      at += width - from;
    }
    return Buffer.concat(parts);
  }

  /** The complete subtrees of the tree over the first `size` records. */
  range(size: number): CompactRange {
    const range = new CompactRange();
    for (const leaves of powersOf(size))
      range.appendSubtree(this.subtree(Math.log2(leaves), range.size / leaves), 0, leaves);
    return range;
  }

  /** Root of the complete subtree over 2^height records that is number `index` of its height. */
  subtree(height: number, index: number): Buffer {
    const level = Math.min(Math.floor(height / 8), MAX_LEVELS - 1);
    const width = 2 ** (height - 8 * level);
    const first = index * width;
    const tile = Math.floor(first / TILE_WIDTH);
    const from = (first % TILE_WIDTH) * HASH_BYTES;
    const hashes = this.#tile(level, tile, (first % TILE_WIDTH) + width);
    return rootOf(hashes.subarray(from, from + width * HASH_BYTES), width);
  }

  /** At least the first `width` hashes of a tile; above the leaves worked out from below where it is not stored yet. */
  #tile(level: number, number: number, width: number): Buffer {
    const name = `${level}/${number}`;
    const known = this.#tiles.get(name);
    if (known && known.length >= width * HASH_BYTES) return known;
    const hashes = this.#readTile(level, number) ?? this.#buildTile(level, number, width);
    if (hashes.length < width * HASH_BYTES)
      throw new HashMissingError(`tile/${level}/${tileNumberPath(number)} has fewer than ${width} hashes`);
    if (this.#tiles.size >= MAX_TILES) this.#tiles.delete(this.#tiles.keys().next().value ?? '');
    this.#tiles.set(name, hashes);
    return hashes;
  }

  #readTile(level: number, number: number): Buffer | undefined {
    const full = readIfThere(tilePath(this.#directory, level, number));
    if (full || level > 0) return full;
    return (
      readIfThere(tailPath(this.#directory, 0, number)) ?? readIfThere(tilePath(this.#directory, 0, number))
    );
  }

  #buildTile(level: number, number: number, width: number): Buffer {
    if (level === 0) throw new HashMissingError(`tile/0/${tileNumberPath(number)} is missing`);
    const roots: Buffer[] = [];
    for (let child = number * TILE_WIDTH; child < number * TILE_WIDTH + width; child++)
      roots.push(rootOf(this.#tile(level - 1, child, TILE_WIDTH), TILE_WIDTH));
    return Buffer.concat(roots);
  }
}

/** The largest power of two smaller than `count`; where RFC 6962 splits a tree. */
export function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}
