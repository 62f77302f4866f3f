/** Somebody with root changes the stored files after the fact; `spoor verify` with a key kept elsewhere must say so. */

import assert from 'node:assert/strict';
import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf } from '../../collector/log/bundle.ts';
import { readJournal } from '../../collector/log/journal.ts';
import { leafHash } from '../../collector/log/merkle.ts';
import { encodeLeaf } from '../../collector/seal/encode.ts';
import type { Fault } from './fault.ts';
import { copyOf, firstProblem, freshFolder, openEvent, sealLog, spoor } from './sealed-log.ts';

/** Two full bundles and an unfinished one. */
const BATCHES = [100, 200, 300, 100];

/** The log everything is done to, and what somebody kept of it elsewhere; made once. */
interface Original {
  readonly state: string;
  readonly keptKey: string;
  /** The newest checkpoint when the log had 601 records. */
  readonly keptCheckpoint: string;
}

let made: Promise<Original> | undefined;

async function makeOriginal(): Promise<Original> {
  const state = freshFolder();
  await sealLog(state, BATCHES);
  const kept = freshFolder();
  const [keptKey, keptCheckpoint] = [join(kept, 'host.pub'), join(kept, 'checkpoint')];
  cpSync(join(state, 'key/host.pub'), keptKey);
  writeFileSync(keptCheckpoint, readJournal(join(state, 'log')).checkpoints[3]?.text ?? '');
  return { state, keptKey, keptCheckpoint };
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 0x01;
  writeFileSync(path, bytes);
}

/** Rewrites a bundle with other entries; `rehash` changes the stored hashes with them, as a careful forger would. */
function rewrite(log: string, name: string, change: (leaves: Buffer[]) => Buffer[], rehash?: 'rehash'): void {
  const path = join(log, 'tile/entries', name);
  const bytes = readFileSync(path);
  const leaves = change(entriesOf(bytes).map(({ start, end }) => bytes.subarray(start, end)));
  const entries = leaves.flatMap((leaf) => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(leaf.length);
    return [length, leaf];
  });
  writeFileSync(path, Buffer.concat(entries));
  if (rehash) writeFileSync(join(log, 'tile/0', name), Buffer.concat(leaves.map(leafHash)));
}

function rewriteJournal(log: string, change: (notes: string[]) => string[]): void {
  const notes = change(readJournal(log).checkpoints.map(({ text }) => text));
  writeFileSync(join(log, 'checkpoints'), notes.map((note) => `${note}\n`).join(''));
}

function swap(leaves: Buffer[], a: number, b: number): Buffer[] {
  return leaves.map((leaf, i) => leaves[i === a ? b : i === b ? a : i] ?? leaf);
}

/** The state as it was when the checkpoint after the third batch was the newest, whole and sound in itself. */
async function rolledBack(state: string): Promise<void> {
  const log = join(state, 'log');
  const third = readJournal(log).checkpoints[2];
  truncateSync(join(log, 'checkpoints'), third?.end ?? 0);
  writeFileSync(join(log, 'checkpoint'), third?.text ?? '');
  const bundle = readFileSync(join(log, 'tile/entries/001'));
  const end = entriesOf(bundle)[(third?.checkpoint.size ?? 0) - 257]?.end ?? 0;
  for (const gone of ['entries/002.tail', '0/002.tail', 'entries/002.p', '0/002.p', '1'])
    rmSync(join(log, 'tile', gone), { recursive: true, force: true });
  for (const [level, bytes] of [
    ['entries', end],
    ['0', 32 * ((third?.checkpoint.size ?? 0) - 256)],
  ] as const) {
    renameSync(join(log, 'tile', level, '001'), join(log, 'tile', level, '001.tail'));
    truncateSync(join(log, 'tile', level, '001.tail'), bytes);
  }
}

type Harm = (state: string) => void | Promise<void>;

const inLog =
  (harm: (log: string) => void): Harm =>
  (state) =>
    harm(join(state, 'log'));

const HARMS: readonly (readonly [name: string, harm: Harm])[] = [
  ['a bit of a record flipped', inLog((log) => flip(join(log, 'tile/entries/001'), 9_000))],
  ['a bit of the newest record flipped', inLog((log) => flip(join(log, 'tile/entries/002.tail'), 9_000))],
  ['a length of a record changed', inLog((log) => flip(join(log, 'tile/entries/000'), 1))],
  ['a stored hash flipped', inLog((log) => flip(join(log, 'tile/0/001'), 160))],
  ['a tile above the leaves flipped', inLog((log) => flip(join(log, 'tile/1/000.p/2'), 3))],
  ['a checkpoint flipped', inLog((log) => flip(join(log, 'checkpoints'), 700))],
  ['a record removed', inLog((log) => rewrite(log, '001', (leaves) => leaves.filter((_, i) => i !== 44)))],
  ['two records swapped', inLog((log) => rewrite(log, '000', (leaves) => swap(leaves, 10, 200)))],
  [
    'a record duplicated',
    inLog((log) => rewrite(log, '000', (leaves) => [...leaves.slice(0, 10), ...leaves.slice(9)])),
  ],
  [
    'a forged record put in, with its hash',
    inLog((log) =>
      rewrite(
        log,
        '000',
        (leaves) => leaves.map((leaf, i) => (i === 150 ? encodeLeaf(openEvent('/x'), 150, 1n) : leaf)),
        'rehash',
      ),
    ),
  ],
  [
    'a record of another log put in the place of one',
    inLog((log) =>
      rewrite(log, '000', (leaves) =>
        leaves.map((leaf, i) => (i === 50 ? encodeLeaf(openEvent('/x'), 4711, 1n) : leaf)),
      ),
    ),
  ],
  [
    'records appended after the close, with their hashes',
    inLog((log) =>
      rewrite(log, '002.tail', (leaves) => [...leaves, encodeLeaf(openEvent('/x'), 701, 1n)], 'rehash'),
    ),
  ],
  ['the end cut off a segment', inLog((log) => truncateSync(join(log, 'tile/entries/002.tail'), 10_000))],
  ['a segment removed', inLog((log) => rmSync(join(log, 'tile/entries/001')))],
  ['a segment of hashes removed', inLog((log) => rmSync(join(log, 'tile/0/001')))],
  [
    'two segments swapped',
    inLog((log) => {
      renameSync(join(log, 'tile/entries/000'), join(log, 'aside'));
      renameSync(join(log, 'tile/entries/001'), join(log, 'tile/entries/000'));
      renameSync(join(log, 'aside'), join(log, 'tile/entries/001'));
    }),
  ],
  [
    'a segment duplicated over the next',
    inLog((log) => cpSync(join(log, 'tile/entries/000'), join(log, 'tile/entries/001'))),
  ],
  ['a checkpoint removed', inLog((log) => rewriteJournal(log, (notes) => notes.toSpliced(2, 1)))],
  [
    'a checkpoint repeated',
    inLog((log) => rewriteJournal(log, (notes) => notes.toSpliced(3, 0, notes[2] ?? ''))),
  ],
  ['the last checkpoints cut off', inLog((log) => rewriteJournal(log, (notes) => notes.slice(0, 4)))],
  ['the journal removed', inLog((log) => rmSync(join(log, 'checkpoints')))],
  [
    'all replaced and signed with another key',
    async (state) => {
      rmSync(state, { recursive: true });
      await sealLog(state, BATCHES);
    },
  ],
  [
    'all replaced, another key, and the old public key put beside it',
    async (state) => {
      const key = readFileSync(join(state, 'key/host.pub'));
      rmSync(state, { recursive: true });
      await sealLog(state, BATCHES);
      writeFileSync(join(state, 'key/host.pub'), key);
    },
  ],
];

/** Sound in themselves: only what somebody kept elsewhere can tell. */
const ROLLBACKS: readonly (readonly [name: string, harm: Harm])[] = [
  ['rolled back to an older copy, whole', rolledBack],
  [
    'rolled back, and written on with the stolen key',
    async (state) => {
      await rolledBack(state);
      await sealLog(state, [350]);
    },
  ],
];

async function detected(harm: Harm, found: (original: Original, state: string) => string): Promise<string> {
  made ??= makeOriginal();
  const original = await made;
  const state = copyOf(original.state);
  await harm(state);
  const said = found(original, state);
  rmSync(state, { recursive: true, force: true });
  return said.replaceAll(state, 'STATE');
}

export const manipulations: readonly Fault[] = [
  ...HARMS.map(([name, harm]) => ({
    name,
    async run() {
      const said = await detected(harm, ({ keptKey }, state) => {
        const judged = spoor('verify', '--state', state, '--key', keptKey);
        assert.notEqual(judged.code, 0, `not found by spoor verify: ${judged.text}`);
        return firstProblem(judged);
      });
      return { happened: `found: ${said}`, lost: 0 };
    },
  })),
  ...ROLLBACKS.map(([name, harm]) => ({
    name,
    async run() {
      const said = await detected(harm, ({ keptKey, keptCheckpoint }, state) => {
        const alone = spoor('verify', '--state', state, '--key', keptKey);
        assert.equal(alone.code, 0, `the copy is meant to be sound in itself: ${alone.text}`);
        const judged = spoor('verify', '--state', state, '--key', keptKey, '--since', keptCheckpoint);
        assert.equal(judged.code, 1, `not found by spoor verify --since: ${judged.text}`);
        return judged.text.trim();
      });
      return { happened: `found by a checkpoint kept elsewhere (--since): ${said}`, lost: 0 };
    },
  })),
];
