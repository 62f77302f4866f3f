import { type HashReader, largestPowerBelow } from './hashes.ts';
import { nodeHash } from './merkle.ts';

/**
 * The Merkle audit path of RFC 6962, section 2.1.1: the hashes that, with the record's own, give the root over
 * `size` records; from the leaf's sibling upwards.
 */
export function inclusionProof(hashes: HashReader, index: number, size: number): Buffer[] {
  const path: Buffer[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const split = start + largestPowerBelow(end - start);
    if (index < split) {
      path.push(hashes.rootOf(split, end));
      end = split;
    } else {
      path.push(hashes.rootOf(start, split));
      start = split;
    }
  }
  return path.reverse();
}

/** Whether the path leads from the leaf to the root (RFC 9162, section 2.1.3.2). */
export function isIncluded(
  leaf: Buffer,
  index: number,
  size: number,
  path: readonly Buffer[],
  root: Buffer,
): boolean {
  if (index >= size) return false;
  let hash = leaf;
  let [node, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(root);
}

/**
 * The consistency proof of RFC 6962, section 2.1.2: that the tree over `size` records begins with the tree over
 * the first `oldSize` of them. Empty when the sizes are equal or the old tree was empty.
 */
export function consistencyProof(hashes: HashReader, oldSize: number, size: number): Buffer[] {
  if (oldSize === 0 || oldSize === size) return [];
  const path: Buffer[] = [];
  let [start, end] = [0, size];
  let wasWhole = true;
  // SUBPROOF(m, D[start:end], b) of the RFC; `wasWhole` is its b: the old tree's root is known to the reader.
  while (oldSize !== end) {
    const split = start + largestPowerBelow(end - start);
    if (oldSize <= split) {
      path.push(hashes.rootOf(split, end));
      end = split;
    } else {
      path.push(hashes.rootOf(start, split));
      start = split;
      wasWhole = false;
    }
  }
  if (!wasWhole) path.push(hashes.rootOf(start, end));
  return path.reverse();
}

/** Whether the proof shows that the new tree begins with the old one (RFC 9162, section 2.1.4.2). */
export function isConsistent(
  old: { readonly size: number; readonly root: Buffer },
  now: { readonly size: number; readonly root: Buffer },
  proof: readonly Buffer[],
): boolean {
  if (old.size > now.size) return false;
  if (old.size === now.size) return proof.length === 0 && old.root.equals(now.root);
  if (old.size === 0) return proof.length === 0;
  // A complete old tree is itself the first hash; the RFC leaves it out of the proof.
  const isComplete = Number.isInteger(Math.log2(old.size));
  const path = isComplete ? [old.root, ...proof] : [...proof];
  const first = path.shift();
  if (!first) return false;
  let [oldHash, newHash] = [first, first];
  let [node, last] = [old.size - 1, now.size - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  for (const sibling of path) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else newHash = nodeHash(newHash, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && oldHash.equals(old.root) && newHash.equals(now.root);
}
