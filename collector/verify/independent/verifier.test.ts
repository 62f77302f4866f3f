import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { CHECKOUT } from '../../../test/checkout.ts';
import { makeVectors } from './vectors.ts';
import {
  decodeRecord,
  isConsistent,
  isIncluded,
  leafHash,
  leavesOf,
  openCheckpoint,
  openCosignature,
  openProof,
  sha256,
} from './verifier.ts';

interface Vectors {
  readonly key: { readonly vkey: string };
  readonly leaves: readonly { readonly leaf: string; readonly hash: string }[];
  readonly bundle: string;
  readonly roots: readonly string[];
  readonly checkpoints: readonly string[];
  readonly inclusion: readonly {
    readonly index: number;
    readonly size: number;
    readonly path: readonly string[];
  }[];
  readonly consistency: readonly {
    readonly from: number;
    readonly to: number;
    readonly path: readonly string[];
  }[];
  readonly witness: { readonly vkey: string; readonly time: number; readonly note: string };
  readonly proof: string;
}

const vectors = JSON.parse(readFileSync(`${CHECKOUT}/docs/log-vectors.json`, 'utf8')) as Vectors;
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const rootAt = (size: number): { size: number; root: Uint8Array } => ({
  size,
  root: bytes(vectors.roots[size] ?? ''),
});

test("the known answers are what the log's own code gives", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(makeVectors())), vectors);
});

test("sha256 is Node's, for every length around a block and at random", () => {
  for (let length = 0; length < 200; length++) {
    const message = Buffer.alloc(length, length);
    assert.deepEqual(Buffer.from(sha256(message)), createHash('sha256').update(message).digest());
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (message) => {
      assert.deepEqual(Buffer.from(sha256(message)), createHash('sha256').update(message).digest());
    }),
  );
});

test('the verifier accepts every known answer', () => {
  for (const { leaf, hash } of vectors.leaves) assert.deepEqual(leafHash(bytes(leaf)), bytes(hash));
  assert.deepEqual(
    leavesOf(bytes(vectors.bundle)),
    vectors.leaves.map(({ leaf }) => bytes(leaf)),
  );
  for (const note of vectors.checkpoints) {
    const checkpoint = openCheckpoint(note, vectors.key.vkey);
    assert.deepEqual(checkpoint.root, rootAt(checkpoint.size).root);
  }
  assert.equal(openCheckpoint(vectors.checkpoints.at(-1) ?? '', vectors.key.vkey).said.get('lost'), '1204');
  for (const { index, size, path } of vectors.inclusion)
    assert.ok(isIncluded(bytes(vectors.leaves[index]?.leaf ?? ''), index, rootAt(size), path.map(bytes)));
  for (const { from, to, path } of vectors.consistency)
    assert.ok(isConsistent(rootAt(from), rootAt(to), path.map(bytes)), `${from} to ${to}`);
  assert.equal(openCosignature(vectors.witness.note, vectors.witness.vkey), BigInt(vectors.witness.time));
  openCheckpoint(vectors.witness.note, vectors.key.vkey);
  const entry = openProof(vectors.proof, vectors.key.vkey);
  assert.equal(entry.index, 3);
  const record = decodeRecord(entry.leaf);
  assert.equal(record.eventName, 'file.open');
  assert.equal(record.attributes.get('spoor.log.index'), 3n);
  assert.deepEqual(record.attributes.get('spoor.file.path_bytes'), bytes('2f746d702fff'));
  assert.equal(decodeRecord(bytes(vectors.leaves[5]?.leaf ?? '')).attributes.get('process.exit.code'), -1n);
  assert.equal(
    decodeRecord(bytes(vectors.leaves[2]?.leaf ?? '')).attributes.get('spoor.event.boot_ns'),
    2n ** 60n,
  );
});

test('the verifier refuses every known answer with any one bit changed', () => {
  const last = vectors.checkpoints.at(-1) ?? '';
  for (const { index, size, path } of vectors.inclusion) {
    const leaf = bytes(vectors.leaves[index]?.leaf ?? '');
    for (const [i] of path.entries()) {
      const forged = path.map(bytes);
      (forged[i] as Uint8Array)[31] = (forged[i]?.[31] ?? 0) ^ 1;
      assert.ok(!isIncluded(leaf, index, rootAt(size), forged));
    }
    assert.ok(!isIncluded(leaf, (index + 1) % size, rootAt(size), path.map(bytes)));
    leaf[5] = (leaf[5] ?? 0) ^ 1;
    assert.ok(!isIncluded(leaf, index, rootAt(size), path.map(bytes)));
  }
  for (const { from, to, path } of vectors.consistency) {
    if (from === to) continue;
    assert.ok(!isConsistent({ size: from, root: rootAt(to).root }, rootAt(to), path.map(bytes)));
    assert.ok(!isConsistent(rootAt(from), { size: to, root: rootAt(from).root }, path.map(bytes)));
    assert.ok(!isConsistent(rootAt(from), rootAt(to), [...path.map(bytes), rootAt(from).root]));
  }
  const cosigned = Buffer.from(vectors.witness.note);
  const lines = cosigned.toString().split('\n');
  const hostLine = Buffer.byteLength(`${lines.slice(0, -3).join('\n')}\n`);
  for (let at = 0; at < cosigned.length; at++) {
    // The line before the cosignature is the host's, and says nothing about it.
    if (at >= hostLine && at < hostLine + Buffer.byteLength(`${lines.at(-3)}\n`)) continue;
    const forged = Buffer.from(cosigned);
    forged[at] = (forged[at] as number) ^ 1;
    assert.throws(() => openCosignature(forged.toString('latin1'), vectors.witness.vkey), `byte ${at}`);
  }
  assert.throws(() => openCosignature(vectors.witness.note, vectors.key.vkey));
  const note = Buffer.from(last);
  for (let at = 0; at < note.length; at++) {
    const forged = Buffer.from(note);
    forged[at] = (forged[at] as number) ^ 1;
    assert.throws(() => openCheckpoint(forged.toString('latin1'), vectors.key.vkey), `byte ${at}`);
  }
});

test('the verifier runs with nothing but ECMAScript, TextEncoder, TextDecoder, atob and btoa', () => {
  // A realm of its own, without require, process or Buffer; whatever else the modules ask for fails to link.
  const script = `
    import vm from 'node:vm';
    import { readFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    const outer = { encode: (text) => new TextEncoder().encode(text), TextDecoder, atob, btoa };
    const context = vm.createContext(outer);
    // A realm has its own Uint8Array, and tweetnacl asks for that one.
    vm.runInContext('{ const given = encode; TextEncoder = class { encode(text) { return Uint8Array.from(given(text)); } }; encode = undefined; }', context);
    const modules = new Map();
    async function load(url) {
      if (!modules.has(url)) {
        const module = new vm.SourceTextModule(readFileSync(new URL(url), 'utf8'), { context, identifier: url });
        modules.set(url, module);
      }
      return modules.get(url);
    }
    async function nacl() {
      const path = createRequire(${JSON.stringify(import.meta.url)}).resolve('tweetnacl');
      const exports = vm.runInContext('(function (module, self) {' + readFileSync(path, 'utf8') + ';return module.exports })', context)({ exports: {} }, {});
      const module = new vm.SyntheticModule(['default'], function () { this.setExport('default', exports); }, { context });
      await module.link(() => {});
      return module;
    }
    const root = await load(process.argv[1]);
    await root.link((name, from) => {
      if (name === 'tweetnacl') return nacl();
      if (!name.startsWith('./')) throw new Error('the verifier imports ' + name);
      return load(new URL(name, from.identifier).href);
    });
    await root.evaluate();
    const vectors = JSON.parse(readFileSync(process.argv[2], 'utf8'));
    process.stdout.write(String(root.namespace.openProof(vectors.proof, vectors.key.vkey).index));
  `;
  const verifier = new URL('./verifier.js', import.meta.url);
  const out = execFileSync(
    process.execPath,
    [
      '--no-warnings',
      '--experimental-vm-modules',
      '--input-type=module',
      '--eval',
      script,
      verifier.href,
      `${CHECKOUT}/docs/log-vectors.json`,
    ],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('.', import.meta.url)) },
  );
  assert.equal(out, '3');
});

test('the checkpoint that docs/log.md shows is the last of the known answers', () => {
  const page = readFileSync(`${CHECKOUT}/docs/log.md`, 'utf8');
  assert.ok(page.includes(`\n${vectors.checkpoints.at(-1)}`));
});
