import { HASH_BYTES } from '../log/merkle.ts';
import { TILE_WIDTH } from '../log/tiles.ts';

interface Block {
  readonly hashes: Buffer;
  readonly present: Uint8Array;
}

/** Leaf hashes by index, with holes: 33 bytes a record, in blocks of 256, so an export of days fits in memory. */
export class LeafTable {
  readonly #blocks = new Map<number, Block>();

  /** Keeps the hash for the index; tells whether there was none, the same, or another one, which stays. */
  set(index: number, hashes: Buffer, at: number): 'new' | 'same' | 'other' {
    const block = this.#blockOf(index);
    const slot = index % TILE_WIDTH;
    const to = slot * HASH_BYTES;
    if (block.present[slot] === 0) {
      block.present[slot] = 1;
      hashes.copy(block.hashes, to, at, at + HASH_BYTES);
      return 'new';
    }
    return hashes.compare(block.hashes, to, to + HASH_BYTES, at, at + HASH_BYTES) === 0 ? 'same' : 'other';
  }

  /** The hash, or undefined where there is none. Valid until the table changes. */
  get(index: number): Buffer | undefined {
    const block = this.#blocks.get(Math.floor(index / TILE_WIDTH));
    const slot = index % TILE_WIDTH;
    if (!block || block.present[slot] === 0) return undefined;
    return block.hashes.subarray(slot * HASH_BYTES, (slot + 1) * HASH_BYTES);
  }

  /** The lowest index; 0 when empty. */
  begin(): number {
    let begin = Number.POSITIVE_INFINITY;
    for (const [number, { present }] of this.#blocks)
      begin = Math.min(begin, number * TILE_WIDTH + present.indexOf(1));
    return Number.isFinite(begin) ? begin : 0;
  }

  /** The indices that have a hash, from `from` on, ascending: by what is there, for an index may be any number. */
  *indices(from: number): Generator<number> {
    for (const number of [...this.#blocks.keys()].sort((a, b) => a - b)) {
      const present = this.#blocks.get(number)?.present;
      for (let slot = present?.indexOf(1) ?? -1; slot >= 0; slot = present?.indexOf(1, slot + 1) ?? -1)
        if (number * TILE_WIDTH + slot >= from) yield number * TILE_WIDTH + slot;
    }
  }

  #blockOf(index: number): Block {
    const number = Math.floor(index / TILE_WIDTH);
    let block = this.#blocks.get(number);
    if (!block) {
      block = { hashes: Buffer.alloc(TILE_WIDTH * HASH_BYTES), present: new Uint8Array(TILE_WIDTH) };
      this.#blocks.set(number, block);
    }
    return block;
  }
}
