import { CompactRange, HASH_BYTES } from '../log/merkle.ts';
import { TILE_WIDTH } from '../log/tiles.ts';
import type { LoadedBundle } from './bundle.ts';

/** The tree over the records so far: roots of full bundles, and the leaves of the unfinished one. */
export class Walk {
  #outer = new CompactRange();
  #inner = new CompactRange();
  /** Roots of the full bundles, side by side. */
  #bundleRoots: Buffer[] = [];

  /** A walk that begins after pruned records, whose bundles' roots the stored tiles tell. */
  static after(bundleRoots: readonly Buffer[]): Walk {
    const walk = new Walk();
    for (const root of bundleRoots) walk.#outer.appendSubtree(root, 0, TILE_WIDTH);
    walk.#bundleRoots = [...bundleRoots];
    return walk;
  }

  get size(): number {
    return this.#outer.size + this.#inner.size;
  }

  get bundleRoots(): readonly Buffer[] {
    return this.#bundleRoots;
  }

  root(): Buffer {
    return this.#outer.rootWith(this.#inner);
  }

  /** Leaf hashes `from` to `to` of one bundle, which must be the next ones. */
  append(hashes: Buffer, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#inner.append(hashes, i * HASH_BYTES);
    if (this.#inner.size < TILE_WIDTH) return;
    const root = this.#inner.root();
    this.#outer.appendSubtree(root, 0, TILE_WIDTH);
    this.#bundleRoots.push(root);
    this.#inner = new CompactRange();
  }

  clone(): Walk {
    const copy = new Walk();
    copy.#outer = this.#outer.clone();
    copy.#inner = this.#inner.clone();
    copy.#bundleRoots = [...this.#bundleRoots];
    return copy;
  }
}

/** The records of one bundle that lie between two checkpoints. */
export interface Part {
  readonly bundle: LoadedBundle;
  readonly from: number;
  readonly to: number;
}

/**
 * Walks over what lies between two checkpoints, taking the leaf hashes from the records or from the stored tiles.
 * Undefined when there are not as many as there should be, or when they do not give the signed root.
 */
export function walkTo(
  root: Buffer,
  start: Walk,
  parts: readonly Part[],
  hashesOf: 'computed' | 'stored',
): Walk | undefined {
  const walk = start.clone();
  for (const { bundle, from, to } of parts) {
    if (bundle[hashesOf].length < to * HASH_BYTES) return undefined;
    walk.append(bundle[hashesOf], from, to);
  }
  return walk.root().equals(root) ? walk : undefined;
}
