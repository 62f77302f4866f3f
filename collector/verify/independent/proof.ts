import { concat, equal, fromBase64, Refused } from './bytes.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { sha256 } from './sha256.ts';

/** A tree head that was checked before, or is about to be: its size and root. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface ProvedEntry {
  readonly checkpoint: Checkpoint;
  readonly index: number;
  /** The record's canonical bytes: an OTLP LogRecord. */
  readonly leaf: Uint8Array;
}

export function leafHash(leaf: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(0), leaf));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/**
 * Opens a C2SP tlog-proof that carries its entry as `extra`, as `spoor verify --proof` prints it.
 * @throws Refused when anything in it does not hold
 */
export function openProof(text: string, vkey: string): ProvedEntry {
  const split = text.indexOf('\n\n');
  const lines = text.slice(0, split).split('\n');
  if (split < 0 || lines.shift() !== 'c2sp.org/tlog-proof@v1') throw new Refused('this is no tlog-proof');
  if (!lines[0]?.startsWith('extra ')) throw new Refused('the proof does not carry its entry');
  const leaf = fromBase64((lines.shift() ?? '').slice('extra '.length));
  const index = /^index (0|[1-9]\d{0,14})$/.exec(lines.shift() ?? '')?.[1];
  if (index === undefined) throw new Refused('the proof has no index');
  const checkpoint = openCheckpoint(text.slice(split + 2), vkey);
  if (!isIncluded(leaf, Number(index), checkpoint, lines.map(fromBase64)))
    throw new Refused(`the proof does not lead from the entry to the signed root`);
  return { checkpoint, index: Number(index), leaf };
}

/** Whether the entry is number `index` of the tree: the audit path of RFC 6962, 2.1.1, walked from the top by its own recursion. */
export function isIncluded(
  leaf: Uint8Array,
  index: number,
  tree: TreeHead,
  path: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(index) || index < 0 || index >= tree.size) return false;
  const root = rootFrom(leafHash(leaf), index, tree.size, path);
  return root !== undefined && equal(root, tree.root);
}

function rootFrom(
  hash: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (size === 1) return path.length === 0 ? hash : undefined;
  const sibling = path.at(-1);
  if (!sibling) return undefined;
  const split = splitOf(size);
  const rest = path.slice(0, -1);
  if (index < split) {
    const left = rootFrom(hash, index, split, rest);
    return left && nodeHash(left, sibling);
  }
  const right = rootFrom(hash, index - split, size - split, rest);
  return right && nodeHash(sibling, right);
}

/** Whether the new tree begins with the old one: RFC 6962, 2.1.2, both roots rebuilt by its recursion. */
export function isConsistent(old: TreeHead, now: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (old.size > now.size) return false;
  if (old.size === 0) return proof.length === 0;
  const roots = rootsFrom(old.size, now.size, proof, old.root, true);
  return roots !== undefined && equal(roots.old, old.root) && equal(roots.now, now.root);
}

/** SUBPROOF read backwards. `whole`: the old subtree's root is the old root, which the proof leaves out. */
function rootsFrom(
  oldSize: number,
  size: number,
  proof: readonly Uint8Array[],
  oldRoot: Uint8Array,
  whole: boolean,
): { old: Uint8Array; now: Uint8Array } | undefined {
  if (oldSize === size) {
    const hash = whole ? oldRoot : proof[0];
    return hash && proof.length === (whole ? 0 : 1) ? { old: hash, now: hash } : undefined;
  }
  const last = proof.at(-1);
  if (!last) return undefined;
  const rest = proof.slice(0, -1);
  const split = splitOf(size);
  if (oldSize <= split) {
    const left = rootsFrom(oldSize, split, rest, oldRoot, whole);
    return left && { old: left.old, now: nodeHash(left.now, last) };
  }
  const right = rootsFrom(oldSize - split, size - split, rest, oldRoot, false);
  return right && { old: nodeHash(last, right.old), now: nodeHash(last, right.now) };
}

/** The largest power of two smaller than the size. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
