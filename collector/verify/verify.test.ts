import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import type { Event } from '../event.ts';
import { entriesOf } from '../log/bundle.ts';
import { readJournal } from '../log/journal.ts';
import { HASH_BYTES, leafHash } from '../log/merkle.ts';
import { parseVkey, verifierKey } from '../log/note.ts';
import { encodeLeaf } from '../seal/encode.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { newUid } from '../uid.ts';
import type { Problem, Verdict } from './verdict.ts';
import { verifyLog } from './verify.ts';

/** Records 0 (log.open) to 700, checkpoints after 1, 101, 301, 601 and at the close. */
const SIZE = 701;

let sound: string;
const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'log-verify-'));
  folders.push(made);
  return made;
}

function event(path: string): Event {
  const attributes = { 'file.path': path, 'process.pid': 42 };
  const uid = newUid(1_700_000_000_000);
  return {
    name: 'file.open',
    uid,
    timeNs: 1n,
    severity: 9,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}

function gap(count: number): Event {
  const attributes = {
    'spoor.gap.event': 'file.open',
    'spoor.gap.count': count,
    'spoor.gap.cause': 'ring_full',
  };
  return { ...event(''), name: 'sensor.gap', attributes };
}

function events(count: number): Event[] {
  return Array.from({ length: count }, (_, i) => event(`/tmp/${i}`));
}

async function sealInto(state: string, batches: readonly Event[][]): Promise<void> {
  const seal = await openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'h',
  });
  for (const batch of batches) {
    seal.append(batch);
    await seal.checkpoint();
  }
  await seal.close();
}

before(async () => {
  sound = folder();
  await sealInto(sound, [events(100), [...events(199), gap(7)], events(300), events(100)]);
});

after(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

/** A copy of the sound log to be harmed. */
function copy(): { log: string; key: string; file(name: string): string } {
  const state = folder();
  cpSync(sound, state, { recursive: true });
  const log = join(state, 'log');
  return { log, key: join(state, 'key'), file: (name) => join(log, name) };
}

/** Rewrites a bundle with other entries; `rehash` changes the stored hashes with them, as a careful forger would. */
function rewrite(log: string, name: string, change: (leaves: Buffer[]) => Buffer[], rehash?: 'rehash'): void {
  const path = join(log, 'tile', 'entries', name);
  const bytes = readFileSync(path);
  const leaves = change(entriesOf(bytes).map(({ start, end }) => bytes.subarray(start, end)));
  const entry = (leaf: Buffer): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(leaf.length);
    return Buffer.concat([length, leaf]);
  };
  writeFileSync(path, Buffer.concat(leaves.map(entry)));
  if (rehash) writeFileSync(join(log, 'tile', '0', name), Buffer.concat(leaves.map(leafHash)));
}

function only(verdict: Verdict): Problem {
  assert.equal(verdict.problems.length, 1, verdict.problems.map(({ message }) => message).join('\n'));
  assert.equal(verdict.integrity, 'broken');
  return verdict.problems[0] as Problem;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 0x01;
  writeFileSync(path, bytes);
}

test('a sound log is intact, and states apart from that what was lost', async () => {
  const verdict = await verifyLog(copy().log);
  assert.deepEqual(verdict.problems, []);
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.size, SIZE);
  assert.equal(verdict.intact, SIZE);
  assert.equal(verdict.checkpoints, 6);
  assert.equal(verdict.closed, true);
  assert.equal(verdict.lost, 7n);
  assert.equal(verdict.interruptions, 0);
});

test('a flipped byte in any place of any record is found, and the record named', async () => {
  const bundle = readFileSync(join(sound, 'log/tile/entries/001'));
  const entries = entriesOf(bundle);
  for (const i of [0, 77, 255])
    for (const offset of [0, 20, 60]) {
      const { log, file } = copy();
      const at = (entries[i]?.start ?? 0) + offset;
      flip(file('tile/entries/001'), at);
      const verdict = await verifyLog(log);
      const problem = only(verdict);
      assert.equal(problem.record, 256 + i);
      assert.equal(problem.kind, 'changed');
      assert.match(
        problem.message,
        new RegExp(
          `^record ${256 + i} \\(tile/entries/001, byte ${entries[i]?.start}\\) was changed: it hashes to [0-9a-f]{16}…, the tree signed in checkpoint \\d says [0-9a-f]{16}…$`,
        ),
      );
      assert.equal(verdict.intact, 256 + i);
    }
});

test('a flipped byte in a length is found, and the first record it makes unreadable named', async () => {
  const { log, file } = copy();
  const entries = entriesOf(readFileSync(file('tile/entries/001')));
  flip(file('tile/entries/001'), (entries[9]?.start ?? 0) - 1);
  const verdict = await verifyLog(log);
  assert.equal(verdict.problems[0]?.record, 256 + 9);
  assert.equal(verdict.intact, 256 + 9);
});

test('a flipped byte is found in every file of the log', async () => {
  const files = [
    'checkpoints',
    'checkpoint',
    'tile/0/000',
    'tile/0/001',
    'tile/0/002.tail',
    'tile/0/002.p/189',
  ];
  for (const name of [...files, 'tile/1/000.p/2', 'tile/entries/002.tail', 'tile/entries/002.p/189']) {
    const size = statSync(join(sound, 'log', name)).size;
    for (const at of [0, Math.floor(size / 2), size - 1]) {
      const { log, file } = copy();
      flip(file(name), at);
      const verdict = await verifyLog(log);
      assert.equal(verdict.integrity, 'broken', `${name}, byte ${at}`);
      const told = verdict.problems.map(({ message }) => message).join('\n');
      assert.ok(told.includes(name) || told.includes('checkpoint'), `${name}, byte ${at}: ${told}`);
    }
  }
});

test('a wrong stored hash is told from a wrong record', async () => {
  const { log, file } = copy();
  flip(file('tile/0/001'), 5 * HASH_BYTES);
  const verdict = await verifyLog(log);
  assert.match(
    only(verdict).message,
    /^the hash of record 261 \(tile\/0\/001, byte 160\) was changed; the record is intact$/,
  );
  assert.equal(verdict.intact, SIZE, 'no record is doubted');
});

test('a removed record is found, and its neighbours are not blamed', async () => {
  const { log } = copy();
  rewrite(log, '001', (leaves) => leaves.filter((_, i) => i !== 44));
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'removed');
  assert.equal(problem.record, 300);
  assert.match(problem.message, /^record 300 \(tile\/entries\/001, byte \d+\) was removed/);
});

test('swapped records are found, and both named', async () => {
  const { log } = copy();
  rewrite(log, '000', (leaves) =>
    leaves.map((leaf, i) => leaves[i === 10 ? 200 : i === 200 ? 10 : i] ?? leaf),
  );
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'swapped');
  assert.match(problem.message, /^records 10 and 200 \(.*\) were swapped$/);
});

test('a record replaced by a copy of another is found, and both named', async () => {
  const { log } = copy();
  rewrite(log, '000', (leaves) => leaves.map((leaf, i) => (i === 10 ? (leaves[20] as Buffer) : leaf)));
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'copied');
  assert.match(problem.message, /^record 10 \(.*\) was replaced by a copy of record 20$/);
});

test('a record that was put in is found', async () => {
  const { log } = copy();
  rewrite(log, '000', (leaves) => [
    ...leaves.slice(0, 10),
    encodeLeaf(event('/forged'), 10, 0n),
    ...leaves.slice(10),
  ]);
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'inserted');
  assert.match(problem.message, /^a record that was never signed was put in at 10 /);
});

test('a repeated record is found', async () => {
  const { log } = copy();
  rewrite(log, '000', (leaves) => [...leaves.slice(0, 10), ...leaves.slice(9)]);
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'inserted');
  assert.match(problem.message, /^a copy of record 9 was put in at 10 /);
});

test('a record of another log in the place of one is found', async () => {
  const { log } = copy();
  rewrite(log, '000', (leaves) =>
    leaves.map((leaf, i) => (i === 50 ? encodeLeaf(event('/x'), 4711, 1n) : leaf)),
  );
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'foreign');
  assert.match(problem.message, /^record 50 .* is not of this place: it calls itself record 4711/);
});

test('records appended after the closing checkpoint are found', async () => {
  const { log } = copy();
  rewrite(log, '002.tail', (leaves) => [...leaves, encodeLeaf(event('/late'), SIZE, 0n)], 'rehash');
  const problem = only(await verifyLog(log));
  assert.equal(problem.kind, 'inserted');
  assert.match(problem.message, /^record 701 .* came after the log was closed in checkpoint 5/);
});

test('a tail cut at a record, or inside one, is found', async () => {
  for (const bytes of [0, 5]) {
    const { log, file } = copy();
    const entries = entriesOf(readFileSync(file('tile/entries/002.tail')));
    truncateSync(file('tile/entries/002.tail'), (entries[99]?.end ?? 0) + bytes);
    const told = (await verifyLog(log)).problems.find(({ kind }) => kind === 'missing');
    assert.equal(told?.record, 612);
    assert.match(
      told?.message ?? '',
      /^records 612 to 700 are cut off: tile\/entries\/002\.tail ends at byte \d+/,
    );
  }
});

test('a tail cut together with its hashes is found by the checkpoint that covers it', async () => {
  const { log, file } = copy();
  const entries = entriesOf(readFileSync(file('tile/entries/002.tail')));
  truncateSync(file('tile/entries/002.tail'), entries[99]?.end ?? 0);
  truncateSync(file('tile/0/002.tail'), 100 * HASH_BYTES);
  const verdict = await verifyLog(log);
  const problem = verdict.problems.find(({ kind }) => kind === 'missing');
  assert.match(problem?.message ?? '', /^records 612 to 700 are missing: checkpoint 4 covers 701 records/);
  assert.equal(verdict.intact, 601, 'the last checkpoint before the cut still holds');
});

test('a tail cut together with hashes and checkpoints is found by the newest checkpoint', async () => {
  const { log, file } = copy();
  const third = readJournal(log).checkpoints[3];
  truncateSync(file('checkpoints'), third?.end ?? 0);
  truncateSync(file('tile/0/002.tail'), 89 * HASH_BYTES);
  const entries = entriesOf(readFileSync(file('tile/entries/002.tail')));
  truncateSync(file('tile/entries/002.tail'), entries[88]?.end ?? 0);
  rmSync(file('tile/0/002.p'), { recursive: true });
  rmSync(file('tile/entries/002.p'), { recursive: true });
  const problem = only(await verifyLog(log));
  assert.match(
    problem.message,
    /holds a signed checkpoint of 701 records that is not in the journal, which ends at 601/,
  );
});

test('a removed bundle is named, and what follows is still proved', async () => {
  const { log, file } = copy();
  rmSync(file('tile/entries/001'));
  const verdict = await verifyLog(log);
  const problem = verdict.problems[0];
  assert.equal(problem?.kind, 'missing');
  assert.match(
    problem?.message ?? '',
    /^records 256 to 511 are missing: there is no file tile\/entries\/001$/,
  );
  assert.equal(verdict.intact, 256);
});

test('two bundles that changed places are found', async () => {
  const { log, file } = copy();
  renameSync(file('tile/entries/000'), file('aside'));
  renameSync(file('tile/entries/001'), file('tile/entries/000'));
  renameSync(file('aside'), file('tile/entries/001'));
  const verdict = await verifyLog(log);
  assert.equal(verdict.problems[0]?.kind, 'foreign');
  assert.match(verdict.problems[0]?.message ?? '', /^record 0 .* it calls itself record 256/);
  assert.ok(verdict.moreProblems > 300, 'every record of both is told');
});

test('a record changed together with its stored hash is found between two checkpoints', async () => {
  const { log } = copy();
  const forge = (leaves: Buffer[]): Buffer[] =>
    leaves.map((leaf, i) => (i === 150 ? encodeLeaf(event('/innocent'), 150, 0n) : leaf));
  rewrite(log, '000', forge, 'rehash');
  const verdict = await verifyLog(log);
  const problem = only(verdict);
  assert.equal(problem.kind, 'between');
  assert.match(problem.message, /^records 101 to 300 are not those signed in checkpoint 2/);
  assert.equal(verdict.intact, 101);
});

test('a removed, repeated or exchanged checkpoint is found', async () => {
  const harms: [(notes: string[]) => string[], RegExp][] = [
    [(notes) => notes.filter((_, i) => i !== 2), /^checkpoints 2 to 2 are missing/],
    [(notes) => notes.slice(1), /^checkpoints 0 to 0 are missing/],
    [(notes) => [...notes.slice(0, 3), ...notes.slice(2)], /^checkpoint 2 stands again after checkpoint 2/],
    [
      (notes) => notes.map((note, i) => (i === 1 ? note.replace('lost 0', 'lost 1') : note)),
      /^checkpoint 1 .* was changed/,
    ],
  ];
  for (const [harm, message] of harms) {
    const { log, file } = copy();
    const notes = readJournal(log).checkpoints.map(({ text }) => text);
    writeFileSync(
      file('checkpoints'),
      harm(notes)
        .map((note) => `${note}\n`)
        .join(''),
    );
    const told = (await verifyLog(log)).problems.map((problem) => problem.message);
    assert.match(told[0] ?? '', message);
  }
});

test('what stands in the journal after the closing checkpoint is found', async () => {
  const { log } = copy();
  appendFileSync(join(log, 'checkpoints'), 'a log like any other\n');
  const { integrity, problems } = await verifyLog(log);
  assert.equal(integrity, 'broken');
  assert.match(
    problems[0]?.message ?? '',
    /^checkpoints goes on after the log was closed, from byte \d+: the 21 bytes/,
  );
});

test('a log replaced whole and signed with another key is refused by the key kept elsewhere', async () => {
  const trusted = parseVkey(readFileSync(join(sound, 'key/host.pub'), 'utf8'));
  const other = folder();
  await sealInto(other, [events(10)]);
  const verdict = await verifyLog(join(other, 'log'), [trusted]);
  assert.equal(verdict.integrity, 'broken');
  assert.equal(verdict.intact, 0);
  assert.match(
    verdict.problems[0]?.message ?? '',
    /is signed by key [0-9a-f]{8}, not by [0-9a-f]{8}; so are \d+ more/,
  );
  // One line, however many checkpoints the other key signed.
  assert.equal(verdict.problems.filter(({ message }) => /is signed by key/.test(message)).length, 1);
});

test('a log is not verified with the right key under another name', async () => {
  const right = parseVkey(readFileSync(join(sound, 'key/host.pub'), 'utf8'));
  const verdict = await verifyLog(copy().log, [verifierKey('spoor/h/another', right.publicKey)]);
  assert.equal(verdict.integrity, 'broken');
});

test('a FIFO in the place of any file of the log is refused by its name and not waited for', async () => {
  for (const name of ['checkpoints', 'checkpoint', 'tile/entries/000', 'tile/0/000', '../key/host.pub']) {
    const { log } = copy();
    const path = join(log, name);
    rmSync(path);
    execFileSync('mkfifo', [path]);
    await assert.rejects(verifyLog(log), {
      message: `cannot read ${path}: not a regular file`,
    });
  }
});

test('a folder without a log is refused in one line', async () => {
  const empty = folder();
  await assert.rejects(verifyLog(empty, [verifierKey('x', Buffer.alloc(32))]), {
    name: 'VerifyError',
    message: `${empty} has no checkpoints: it is no log, or its journal is gone`,
  });
});
