import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { entriesOf } from '../log/bundle.ts';
import { readIfThere, replaceFile, syncDirectory } from '../log/files.ts';
import type { StoredCheckpoint } from '../log/journal.ts';
import { HASH_BYTES, leafHash, rootOf } from '../log/merkle.ts';
import { formatVkey, isSignedBy, verifierKey } from '../log/note.ts';
import { decodeLeaf, type LogRecord, RecordError } from '../log/record.ts';
import { journalPath, MAX_LEVELS, TILE_WIDTH, tailPath, tilePath } from '../log/tiles.ts';
import { TileTree } from '../log/tree.ts';
import { MAX_UNSYNCED_BUNDLES } from './disk.ts';
import { type HostKey, publishedKeys } from './hostkey.ts';
import { readStoredJournal, type StoredJournal } from './stored-journal.ts';

/** The log on disk contradicts its last checkpoint; nothing was changed by finding out. */
export class LogDamagedError extends Error {
  override readonly name = 'LogDamagedError';
}

/** A log as its last writer left it, brought back to its last whole record. */
export interface Recovered {
  /** The last checkpoint, or undefined for a new log. */
  readonly last: StoredCheckpoint | undefined;
  readonly journal: StoredJournal;
  /** Right edge of the tree over all whole records. */
  readonly tree: TileTree;
  /** Bytes the unfinished bundle has on disk. */
  readonly entriesBytes: number;
  /** Whole records found past the last checkpoint. */
  readonly recovered: number;
  /** Events that the recovered records state as lost. */
  readonly recoveredLost: bigint;
  readonly cutBytes: number;
}

/**
 * Brings a log back to its last whole record after a crash.
 *
 * 1. The journal ends at its last whole note; what follows is cut. So is a last note that is no note, or not signed,
 *    if the file `checkpoint` holds one before it: that file is written when a note is on disk, so this one never was.
 * 2. The last checkpoint must be signed by the host key, or by the key before it and name the host key as the next;
 *    and the tree on disk must give its root.
 * 3. Every record it covers in the unfinished bundle must be there and hash to its leaf hash.
 * 4. A record past it is whole when its bytes are there, hash to the leaf hash beside it, and say that they are the
 *    record of that place; the first that is not, and all that follows, is cut.
 * 5. A bundle that is whole, and that the crash left under its growing name, gets its final one.
 *
 * @throws LogDamagedError when 2 or 3 does not hold: that is no crash, and writing on would bury it
 */
export function recoverLog(directory: string, hostKey: HostKey): Recovered {
  const journal = readStoredJournal(directory, (stored) => isOurs(stored, hostKey));
  const { fault, last } = journal;
  if (fault) refuse(directory, `checkpoints, byte ${fault.start}: ${fault.cause}`);
  let cutBytes = journal.size - journal.end;
  if (last && !isOurs(last, hostKey)) {
    const key = verifierKey(last.checkpoint.origin, hostKey.publicKey);
    const signer = last.note.signatures[0]?.keyId ?? 'nobody';
    refuse(
      directory,
      `checkpoint ${last.checkpoint.number} is signed by key ${signer}, the host key is ${key.keyId}`,
    );
  }
  const covered = last?.checkpoint.size ?? 0;
  const tree = restoreTree(directory, covered);
  if (last && !tree.root().equals(last.checkpoint.root))
    refuse(
      directory,
      `the tree over records 0 to ${covered - 1} is not the one signed in checkpoint ${last.checkpoint.number}`,
    );
  if (cutBytes > 0) truncateDurably(journalPath(directory), journal.end);

  let recoveredLost = 0n;
  let entriesBytes = 0;
  for (let bundle = Math.floor(covered / TILE_WIDTH); ; bundle++) {
    const entries = readGrowing(directory, 'entries', bundle) ?? Buffer.alloc(0);
    const hashes = readGrowing(directory, 0, bundle) ?? Buffer.alloc(0);
    const base = bundle * TILE_WIDTH;
    let whole = 0;
    entriesBytes = 0;
    for (const { start, end } of entriesOf(entries)) {
      const leaf = entries.subarray(start, end);
      const stored = hashes.subarray(whole * HASH_BYTES, (whole + 1) * HASH_BYTES);
      if (whole === TILE_WIDTH || !leafHash(leaf).equals(stored)) break;
      if (base + whole >= covered) {
        const record = recordOf(leaf, base + whole);
        if (!record) break;
        recoveredLost += lostIn(record);
        tree.appendLeafHash(hashes, whole * HASH_BYTES);
      }
      whole++;
      entriesBytes = end;
    }
    if (base + whole < covered)
      refuse(
        directory,
        `record ${base + whole}, which checkpoint ${last?.checkpoint.number} covers, is missing or changed`,
      );
    if (whole === TILE_WIDTH) {
      nameBundle(directory, bundle, { entries: entriesBytes, hashes: whole * HASH_BYTES });
      continue;
    }
    cutBytes += cutBundle(directory, bundle, { entries: entriesBytes, hashes: whole * HASH_BYTES });
    for (let later = bundle + 1; later <= bundle + 2 * MAX_UNSYNCED_BUNDLES; later++)
      cutBytes += cutBundle(directory, later, undefined);
    break;
  }
  mendUpperTiles(directory, tree.size);
  return {
    last,
    journal,
    tree,
    entriesBytes,
    recovered: tree.size - covered,
    recoveredLost,
    cutBytes,
  };
}

function isOurs({ checkpoint, note }: StoredCheckpoint, hostKey: HostKey): boolean {
  const key = verifierKey(checkpoint.origin, hostKey.publicKey);
  if (isSignedBy(note, key)) return true;
  return (
    checkpoint.nextKey === formatVkey(key) &&
    publishedKeys(hostKey.directory).some((old) => isSignedBy(note, old))
  );
}

/** The right edge of the tree over the first `size` leaves, from the stored tiles. */
function restoreTree(directory: string, size: number): TileTree {
  const tree = new TileTree();
  for (let level = MAX_LEVELS - 1; level > 0; level--) {
    const count = Math.floor(size / TILE_WIDTH ** level);
    if (count === 0) continue;
    const tile = Math.floor(count / TILE_WIDTH);
    const roots: Buffer[] = [];
    for (let child = tile * TILE_WIDTH; child < count; child++)
      roots.push(rootOf(fullTile(directory, level - 1, child), TILE_WIDTH));
    tree.restore(level, tile, Buffer.concat(roots));
  }
  const tile = Math.floor(size / TILE_WIDTH);
  const width = (size % TILE_WIDTH) * HASH_BYTES;
  const hashes = width === 0 ? Buffer.alloc(0) : readGrowing(directory, 0, tile);
  if (hashes === undefined || hashes.length < width)
    refuse(directory, `tile/0, tile ${tile}, is missing or too short`);
  tree.restore(0, tile, hashes.subarray(0, width));
  return tree;
}

/** A full tile as stored, or worked out from the level below where the crash came before it was written. */
function fullTile(directory: string, level: number, number: number): Buffer {
  const stored =
    level === 0 ? readGrowing(directory, 0, number) : readIfThere(tilePath(directory, level, number));
  if (stored?.length === TILE_WIDTH * HASH_BYTES) return stored;
  if (level === 0) refuse(directory, `tile/0, tile ${number}, is missing or too short`);
  const roots: Buffer[] = [];
  for (let child = number * TILE_WIDTH; child < (number + 1) * TILE_WIDTH; child++)
    roots.push(rootOf(fullTile(directory, level - 1, child), TILE_WIDTH));
  return Buffer.concat(roots);
}

function readGrowing(directory: string, level: 0 | 'entries', number: number): Buffer | undefined {
  return readIfThere(tilePath(directory, level, number)) ?? readIfThere(tailPath(directory, level, number));
}

/** Undefined for what is no record, or one of another place: nobody signed it yet, and nobody is to. */
function recordOf(leaf: Buffer, index: number): LogRecord | undefined {
  try {
    const record = decodeLeaf(leaf);
    return record.index === index ? record : undefined;
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return undefined;
  }
}

function lostIn({ eventName, attributes }: LogRecord): bigint {
  return eventName === 'sensor.gap' ? BigInt((attributes['spoor.gap.count'] as number | bigint) ?? 0) : 0n;
}

interface BundleBytes {
  readonly entries: number;
  readonly hashes: number;
}

/** Gives a whole bundle its final names, where a crash came before that; on disk first, as always. */
function nameBundle(directory: string, bundle: number, whole: BundleBytes): void {
  for (const level of ['entries', 0] as const) {
    const [final, tail] = [tilePath(directory, level, bundle), tailPath(directory, level, bundle)];
    if (existsSync(final)) continue;
    truncateDurably(tail, level === 'entries' ? whole.entries : whole.hashes);
    renameSync(tail, final);
    syncDirectory(dirname(final));
  }
}

/** Leaves a bundle with so many bytes, under its growing names; without `keep` removes it. Returns the bytes cut. */
function cutBundle(directory: string, bundle: number, keep: BundleBytes | undefined): number {
  let cut = 0;
  for (const level of ['entries', 0] as const) {
    const [final, tail] = [tilePath(directory, level, bundle), tailPath(directory, level, bundle)];
    const bytes = readGrowing(directory, level, bundle)?.length;
    if (bytes === undefined) continue;
    const kept = level === 'entries' ? (keep?.entries ?? 0) : (keep?.hashes ?? 0);
    // Leaf hashes only repeat what entries say, so they are not counted as data that was cut.
    if (level === 'entries') cut += bytes - kept;
    if (existsSync(final)) renameSync(final, tail);
    if (kept === 0) rmSync(tail);
    else if (bytes > kept) truncateDurably(tail, kept);
    syncDirectory(dirname(tail));
  }
  return cut;
}

/** Above the leaves: removes the tile that a cut made untrue, and writes the last full one if the crash came before it. */
function mendUpperTiles(directory: string, size: number): void {
  for (let level = 1; level < MAX_LEVELS; level++) {
    const full = Math.floor(size / TILE_WIDTH ** (level + 1));
    rmSync(tilePath(directory, level, full), { force: true });
    if (full === 0) continue;
    const path = tilePath(directory, level, full - 1);
    if (existsSync(path)) continue;
    const hashes = fullTile(directory, level, full - 1);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replaceFile(path, hashes);
  }
}

function truncateDurably(path: string, bytes: number): void {
  const file = openSync(path, 'r+');
  try {
    ftruncateSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function refuse(directory: string, cause: string): never {
  throw new LogDamagedError(
    `${directory}: ${cause}. Nothing was written to it. See what is intact with: spoor verify; ` +
      'to go on with a new log, move this folder away and keep it',
  );
}
