import type { Event } from '../event.ts';
import { HASH_BYTES, hashLeafInPlace } from '../log/merkle.ts';
import { TILE_WIDTH } from '../log/tiles.ts';
import type { TileTree } from '../log/tree.ts';
import { LeafEncoder } from './encode.ts';
import { fitEvent, MAX_ENTRY_BYTES } from './fit.ts';
import { beginFilling, quickEncode } from './quick-encode.ts';
import type { Tail } from './tail.ts';

/** First size of a bundle's memory; 256 ordinary records of 1,000 bytes. Grows to 16 MiB when all are of the longest. */
const BUNDLE_BYTES = 384 * 1024;

/**
 * Makes events the next leaves of the tree, and hands their bytes to the disk.
 *
 * What is encoded is kept until `handOver`, so that a batch is one order to the disk and not one a record.
 */
export class Leaves {
  readonly #encoder = new LeafEncoder();
  readonly #tree: TileTree;
  readonly #tail: Tail;
  readonly #bundleFull: (bytes: number) => void;
  /** Entries of the unfinished bundle that are not on their way to the disk yet. */
  #bundle = Buffer.allocUnsafeSlow(BUNDLE_BYTES);
  #used = 0;
  /** Bytes of the unfinished bundle, wherever they are. */
  #bundleBytes: number;
  /** Records of the bundle whose bytes are already on their way. */
  #handedOver: number;

  /**
   * @param bundleBytes bytes that the unfinished bundle has on disk
   * @param bundleFull called with the bytes of each bundle that has its 256 entries
   */
  constructor(tree: TileTree, tail: Tail, bundleBytes: number, bundleFull: (bytes: number) => void) {
    this.#tree = tree;
    this.#tail = tail;
    this.#bundleBytes = bundleBytes;
    this.#handedOver = tree.size % TILE_WIDTH;
    this.#bundleFull = bundleFull;
  }

  /** @throws EncodeError, and then nothing was appended */
  append(event: Event, observedNs: bigint): void {
    const index = this.#tree.size;
    const start = this.#used + 2;
    const limit = Math.min(this.#bundle.length, start + MAX_ENTRY_BYTES);
    const end = quickEncode(event, index, observedNs, this.#bundle, start, limit);
    this.#used = end >= 0 ? end : this.#encodeMeasured(event, index, observedNs);
    const size = this.#used - start;
    this.#bundle[start - 2] = size >> 8;
    this.#bundle[start - 1] = size & 0xff;
    this.#bundleBytes += 2 + size;
    hashLeafInPlace(this.#bundle, start, this.#used, this.#tree.leafHashes, this.#tree.leafAt);

    const leafHashes = this.#tree.leafHashes;
    const fullTiles = this.#tree.advance();
    if (fullTiles.length === 0) return;
    this.#push(TILE_WIDTH, leafHashes);
    this.#bundleFull(this.#bundleBytes);
    this.#bundleBytes = 0;
    for (const tile of fullTiles) if (tile.level > 0) this.#tail.push(tile);
  }

  /** Gives what is encoded to the disk, without waiting for it. */
  handOver(): void {
    const count = this.#tree.size % TILE_WIDTH;
    if (count !== this.#handedOver) this.#push(count, this.#tree.leafHashes);
  }

  /** What is long, or not ASCII, or refused. */
  #encodeMeasured(event: Event, index: number, observedNs: bigint): number {
    let size = this.#encoder.measure(event, index, observedNs);
    if (size > MAX_ENTRY_BYTES) {
      const fitted = fitEvent(this.#encoder, event, index, observedNs);
      size = this.#encoder.measure(fitted, index, observedNs);
    }
    this.#makeRoom(2 + size);
    return this.#encoder.write(this.#bundle, this.#used + 2);
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes <= this.#bundle.length) return;
    beginFilling();
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bundle.length, this.#used + bytes));
    this.#bundle.copy(larger, 0, 0, this.#used);
    this.#bundle = larger;
  }

  /** @param count records that the bundle has now */
  #push(count: number, leafHashes: Buffer): void {
    const size = this.#tree.size;
    this.#tail.push({
      bundle: Math.floor((size - 1) / TILE_WIDTH),
      entries: this.#bundle.subarray(0, this.#used),
      hashes: leafHashes.subarray(this.#handedOver * HASH_BYTES, count * HASH_BYTES),
      size,
      full: count === TILE_WIDTH,
    });
    this.#used = 0;
    beginFilling();
    this.#handedOver = count === TILE_WIDTH ? 0 : count;
  }
}
