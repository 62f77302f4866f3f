import { CompactRange, HASH_BYTES, rootOf } from './merkle.ts';
import { MAX_LEVELS, TILE_WIDTH } from './tiles.ts';

/** A tile whose 256 hashes are all known; it never changes again. */
export interface FullTile {
  readonly level: number;
  readonly number: number;
  readonly hashes: Buffer;
}

interface Edge {
  hashes: Buffer;
  count: number;
  /** Number of the tile that is being filled. */
  tile: number;
}

const NO_TILES: readonly FullTile[] = [];

/**
 * The growing tree as its right edge: at each level the tile that is being filled, 8 KiB each.
 * Nodes are hashed when a tile is full, 255 at once; the root of an unfinished tree is worked out when asked for
 * (some 500 node hashes, 0.1 ms), which is once a second and not once a record.
 */
export class TileTree {
  readonly #edges: Edge[] = [newEdge(0)];

  get size(): number {
    const { tile, count } = this.#edges[0] as Edge;
    return tile * TILE_WIDTH + count;
  }

  /** Where the hash of the next leaf is to be written before `advance`. */
  get leafHashes(): Buffer {
    return (this.#edges[0] as Edge).hashes;
  }

  get leafAt(): number {
    return (this.#edges[0] as Edge).count * HASH_BYTES;
  }

  /** Takes the leaf hash that was written at `leafAt`; returns the tiles that became full, lowest level first. */
  advance(): readonly FullTile[] {
    const leaves = this.#edges[0] as Edge;
    leaves.count++;
    return leaves.count < TILE_WIDTH ? NO_TILES : this.#turn();
  }

  appendLeafHash(hashes: Buffer, at: number): readonly FullTile[] {
    hashes.copy(this.leafHashes, this.leafAt, at, at + HASH_BYTES);
    return this.advance();
  }

  /** Takes full tiles of a level as they were stored; before any leaf, and highest level first. */
  restore(level: number, tile: number, hashes: Buffer): void {
    while (this.#edges.length <= level) this.#edges.push(newEdge(0));
    const edge = this.#edges[level] as Edge;
    edge.tile = tile;
    edge.count = hashes.length / HASH_BYTES;
    hashes.copy(edge.hashes);
  }

  root(): Buffer {
    const range = new CompactRange();
    for (let level = this.#edges.length - 1; level >= 0; level--) {
      const { hashes, count, tile } = this.#edges[level] as Edge;
      // Full tiles of the highest level would be a level of their own, so what comes before `tile` is in the level above.
      if (level === this.#edges.length - 1 && tile !== 0)
        throw new RangeError(`level ${level + 1} is missing`);
      for (let i = 0; i < count; i++) range.appendSubtree(hashes, i * HASH_BYTES, TILE_WIDTH ** level);
    }
    return range.root();
  }

  /** The unfinished tiles, for a reader that wants a tree of exactly this size. */
  partials(): { level: number; number: number; hashes: Buffer }[] {
    return this.#edges.flatMap(({ hashes, count, tile }, level) =>
      count === 0
        ? []
        : [{ level, number: tile, hashes: Buffer.from(hashes.subarray(0, count * HASH_BYTES)) }],
    );
  }

  #turn(): FullTile[] {
    const full: FullTile[] = [];
    for (let level = 0; level < MAX_LEVELS; level++) {
      const edge = this.#edges[level] as Edge;
      if (edge.count < TILE_WIDTH) break;
      full.push({ level, number: edge.tile, hashes: edge.hashes });
      if (this.#edges.length === level + 1) this.#edges.push(newEdge(0));
      const above = this.#edges[level + 1] as Edge;
      rootOf(edge.hashes, TILE_WIDTH).copy(above.hashes, above.count * HASH_BYTES);
      above.count++;
      this.#edges[level] = newEdge(edge.tile + 1);
    }
    return full;
  }
}

function newEdge(tile: number): Edge {
  return { hashes: Buffer.alloc(TILE_WIDTH * HASH_BYTES), count: 0, tile };
}
