import { statSync } from 'node:fs';
import { readdir, rm, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf } from '../log/bundle.ts';
import { readIfThere } from '../log/files.ts';
import { decodeLeaf } from '../log/record.ts';
import { TILE_WIDTH, tilePath } from '../log/tiles.ts';

/** Disk a log may take when nobody says otherwise: about 1.7 million ordinary records. */
export const DEFAULT_MAX_BYTES = 1024 ** 3;

/** What is left after pruning for the budget. A step at a time, so that a full log does not prune with every bundle. */
const KEEP_AFTER_PRUNING = 15 / 16;

/** Records under one level-1 tile: when that tile is stored, the 256 leaf tiles below it can go. */
const LEAVES_A_TILE = TILE_WIDTH * TILE_WIDTH;

const HASH_TILE_BYTES = 8192;

export interface Retention {
  /** Bytes the log may take; the newest bundle stays in any case. */
  readonly maxBytes: number;
  /** Records sealed longer ago than this go, as soon as their whole bundle is that old; undefined keeps them. */
  readonly maxAgeMs?: number | undefined;
}

export interface Pruning {
  readonly reason: 'age' | 'budget' | 'disk_full';
  /** First record kept; a multiple of 256. */
  readonly first: number;
  readonly bytes: number;
}

/**
 * Decides what the log can do without, and deletes it. Only ever a beginning of the log goes, in whole bundles:
 * tlog-tiles keeps a "minimum index", and everything at or after it is proved as before.
 */
export class Pruner {
  readonly #directory: string;
  readonly #retention: Retention;
  /** Bytes of each full bundle, oldest first; the first one is number `#firstBundle`. */
  readonly #bundleBytes: number[] = [];
  #firstBundle: number;
  #totalBytes = 0;

  /** Looks at what is there, and deletes what an earlier pruning promised to delete and did not get to. */
  static async open(directory: string, retention: Retention, first: number, size: number): Promise<Pruner> {
    await deleteBefore(directory, first);
    return new Pruner(directory, retention, first, size);
  }

  private constructor(directory: string, retention: Retention, first: number, size: number) {
    this.#directory = directory;
    this.#retention = retention;
    this.#firstBundle = first / TILE_WIDTH;
    for (let bundle = this.#firstBundle; bundle < Math.floor(size / TILE_WIDTH); bundle++)
      this.#take(statSync(tilePath(directory, 'entries', bundle), { throwIfNoEntry: false })?.size ?? 0);
  }

  /** Bytes of full bundles and their hashes. */
  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** A bundle became full. */
  grew(bundleBytes: number): void {
    this.#take(bundleBytes);
  }

  /**
   * What should go now, of the records before `covered`; undefined when nothing.
   * @param journalBytes of the checkpoints, which go with the records they cover
   */
  plan(covered: number, nowMs: number, journalBytes: number): Pruning | undefined {
    const most = Math.min(this.#bundleBytes.length, Math.floor(covered / TILE_WIDTH) - this.#firstBundle);
    return this.#planByBudget(most, journalBytes) ?? this.#planByAge(most, nowMs);
  }

  /** What can go, of the records before `shipped`, to give some room back; a sixteenth of the log at least. */
  planForRoom(shipped: number, wantedBytes: number): Pruning | undefined {
    const most = Math.min(this.#bundleBytes.length, Math.floor(shipped / TILE_WIDTH) - this.#firstBundle);
    const wanted = Math.max(wantedBytes, this.#totalBytes * (1 - KEEP_AFTER_PRUNING));
    let bundles = 0;
    let bytes = 0;
    while (bundles < most && bytes < wanted) bytes += this.#bytesOf(bundles++);
    return this.#pruningOf('disk_full', bundles, bytes);
  }

  /** Deletes what was planned. To be called when a checkpoint that says so is on disk. */
  async prune({ first }: Pruning): Promise<void> {
    const bundles = first / TILE_WIDTH - this.#firstBundle;
    for (const bytes of this.#bundleBytes.splice(0, bundles)) this.#totalBytes -= bytes + HASH_TILE_BYTES;
    this.#firstBundle += bundles;
    await deleteBefore(this.#directory, first);
  }

  #planByBudget(most: number, journalBytes: number): Pruning | undefined {
    const total = this.#totalBytes + journalBytes;
    if (total <= this.#retention.maxBytes) return undefined;
    const keep = this.#retention.maxBytes * KEEP_AFTER_PRUNING;
    // As if each bundle had as many; where that is wrong, the next look corrects it.
    const journalOfOne = journalBytes / Math.max(1, this.#bundleBytes.length);
    let bundles = 0;
    let bytes = 0;
    while (bundles < most && total - bytes - bundles * journalOfOne > keep) bytes += this.#bytesOf(bundles++);
    return this.#pruningOf('budget', bundles, bytes);
  }

  #planByAge(most: number, nowMs: number): Pruning | undefined {
    const { maxAgeMs } = this.#retention;
    if (maxAgeMs === undefined) return undefined;
    const oldest = BigInt(nowMs - maxAgeMs) * 1_000_000n;
    let bundles = 0;
    let bytes = 0;
    while (bundles < most && sealedNs(this.#directory, this.#firstBundle + bundles) < oldest)
      bytes += this.#bytesOf(bundles++);
    return this.#pruningOf('age', bundles, bytes);
  }

  #pruningOf(reason: Pruning['reason'], bundles: number, bytes: number): Pruning | undefined {
    return bundles === 0 ? undefined : { reason, first: (this.#firstBundle + bundles) * TILE_WIDTH, bytes };
  }

  #bytesOf(bundle: number): number {
    return (this.#bundleBytes[bundle] ?? 0) + HASH_TILE_BYTES;
  }

  #take(bundleBytes: number): void {
    this.#bundleBytes.push(bundleBytes);
    this.#totalBytes += bundleBytes + HASH_TILE_BYTES;
  }
}

/** When the last record of a bundle was sealed. An unreadable bundle counts as new: pruning must not hide damage. */
function sealedNs(directory: string, bundle: number): bigint {
  const bytes = readIfThere(tilePath(directory, 'entries', bundle)) ?? Buffer.alloc(0);
  const last = entriesOf(bytes).at(-1);
  return last
    ? decodeLeaf(bytes.subarray(last.start, last.end)).observedNs
    : BigInt(Number.MAX_SAFE_INTEGER) ** 2n;
}

/** Deletes entry bundles before `first`, and leaf tiles whose roots a stored tile above holds. Safe to repeat. */
async function deleteBefore(directory: string, first: number): Promise<void> {
  await deleteTiles(join(directory, 'tile', 'entries'), 0, first / TILE_WIDTH);
  await deleteTiles(join(directory, 'tile', '0'), 0, Math.floor(first / LEAVES_A_TILE) * TILE_WIDTH);
}

/** Walks the folders rather than counting from 0: most numbers went long ago. `prefix`: digits of the folder. */
async function deleteTiles(folder: string, prefix: number, before: number): Promise<void> {
  if (before === 0) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const digits = /^(x?)(\d{3})(\.p|\.tail)?$/.exec(entry.name);
    if (!digits) continue;
    const number = prefix * 1_000 + Number(digits[2]);
    const path = join(folder, entry.name);
    if (digits[1] === 'x') {
      await deleteTiles(path, number, before);
      if ((await readdir(path)).length === 0) await rmdir(path);
    } else if (number < before) {
      // rm of a folder hides why a file could not be deleted.
      if (entry.isDirectory()) await rm(path, { recursive: true });
      else await unlink(path);
    }
  }
}
