import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { after } from 'node:test';
import fc from 'fast-check';
import { HashReader } from './hashes.ts';
import { CompactRange, HASH_BYTES, leafHash, nodeHash } from './merkle.ts';
import { consistencyProof, inclusionProof, isConsistent, isIncluded } from './proof.ts';
import { TILE_WIDTH, tilePath } from './tiles.ts';
import { TileTree } from './tree.ts';

/** Just past 256 full tiles, so that a proof crosses two levels of tiles. */
const LEAVES = 66_000;

const folder = mkdtempSync(join(tmpdir(), 'log-proof-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const leaves = Array.from({ length: LEAVES }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)));
const all = Buffer.concat(leaves);

function store(level: number, number: number, hashes: Buffer): void {
  const path = tilePath(folder, level, number);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, hashes);
}

const tree = new TileTree();
for (let i = 0; i < LEAVES; i++)
  for (const { level, number, hashes } of tree.appendLeafHash(all, i * HASH_BYTES))
    store(level, number, hashes);
const tail = Math.floor(LEAVES / TILE_WIDTH);
writeFileSync(`${tilePath(folder, 0, tail)}.tail`, all.subarray(tail * TILE_WIDTH * HASH_BYTES));

const reader = new HashReader(folder);

/** RFC 6962, section 2.1, as it stands there. */
function mth(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 1) return hashes[0] as Buffer;
  let split = 1;
  while (2 * split < hashes.length) split *= 2;
  return nodeHash(mth(hashes.slice(0, split)), mth(hashes.slice(split)));
}

function rootAt(size: number): Buffer {
  const range = new CompactRange();
  for (let i = 0; i < size; i++) range.append(all, i * HASH_BYTES);
  return range.root();
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 600 }),
  fc.integer({ min: 65_000, max: LEAVES }),
  fc.constantFrom(1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537),
);

test('the root from the tiles is the root of RFC 6962, at every size', () => {
  for (let size = 1; size <= 700; size++)
    assert.deepEqual(reader.rootOf(0, size), mth(leaves.slice(0, size)));
  for (const size of [65_535, 65_536, 65_537, LEAVES]) assert.deepEqual(reader.rootOf(0, size), rootAt(size));
});

test('every record of every tree is shown to be in it, and only in its place', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.nat(), (size, at, elsewhere) => {
      const index = at % size;
      const path = inclusionProof(reader, index, size);
      const root = reader.rootOf(0, size);
      assert.ok(isIncluded(leaves[index] as Buffer, index, size, path, root));
      const other = elsewhere % size;
      if (other !== index) assert.ok(!isIncluded(leaves[index] as Buffer, other, size, path, root));
      assert.ok(!isIncluded(leaves[index] as Buffer, index, size, [...path, root], root));
      if (path.length > 0) assert.ok(!isIncluded(leaves[index] as Buffer, index, size, path.slice(1), root));
    }),
    { numRuns: 300 },
  );
});

test('every tree is shown to begin with every smaller one, and with no other', () => {
  fc.assert(
    fc.property(sizes, sizes, fc.nat(), (a, b, flipped) => {
      const [oldSize, size] = a < b ? [a, b] : [b, a];
      const old = { size: oldSize, root: reader.rootOf(0, oldSize) };
      const now = { size, root: reader.rootOf(0, size) };
      const proof = consistencyProof(reader, oldSize, size);
      assert.ok(isConsistent(old, now, proof));
      const forged = Buffer.from(old.root);
      forged[flipped % HASH_BYTES] = (forged[flipped % HASH_BYTES] as number) ^ 1;
      assert.ok(!isConsistent({ size: oldSize, root: forged }, now, proof));
      if (oldSize !== size) assert.ok(!isConsistent(old, { size, root: forged }, proof));
    }),
    { numRuns: 300 },
  );
});

test('proofs are those of RFC 6962, section 2.1.3, for its example of seven leaves', () => {
  const d = leaves.slice(0, 7) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
  const [a, b, c, , e, f, j] = d;
  const g = nodeHash(a, b);
  const h = nodeHash(c, d[3]);
  const i = nodeHash(e, f);
  const k = nodeHash(g, h);
  const l = nodeHash(i, j);
  assert.deepEqual(inclusionProof(reader, 0, 7), [b, h, l]);
  assert.deepEqual(inclusionProof(reader, 3, 7), [c, g, l]);
  assert.deepEqual(inclusionProof(reader, 4, 7), [f, j, k]);
  assert.deepEqual(inclusionProof(reader, 6, 7), [i, k]);
  assert.deepEqual(consistencyProof(reader, 3, 7), [c, d[3], g, l]);
  assert.deepEqual(consistencyProof(reader, 4, 7), [l]);
  assert.deepEqual(consistencyProof(reader, 6, 7), [i, j, k]);
});
