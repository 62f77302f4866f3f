import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { opens } from '../../test/opens.ts';
import { HashReader } from '../log/hashes.ts';
import { readJournal } from '../log/journal.ts';
import { leafHash } from '../log/merkle.ts';
import { inclusionProof, isIncluded } from '../log/proof.ts';
import { firstRecord, readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { tilePath } from '../log/tiles.ts';
import { verifyLog } from '../verify/verify.ts';
import { openHostKey } from './hostkey.ts';
import type { Retention } from './prune.ts';
import { openSeal, type Seal } from './seal.ts';

/** So that a bundle is worth deleting. */
const LONG = 'x'.repeat(200);

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-prune-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function openIn(state: string, retention: Retention, shipped?: () => number): Promise<Seal> {
  return openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'h',
    retention,
    ...(shipped && { shipped }),
  });
}

function diskBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile()) bytes += statSync(join(entry.path, entry.name)).size;
  return bytes;
}

test('a log past its budget deletes its oldest records, says so, and still proves what remains', async (t) => {
  const state = stateFolder(t);
  const log = join(state, 'log');
  const maxBytes = 1_000_000;
  let seal = await openIn(state, { maxBytes }, () => 700);
  for (let i = 0; i < 20; i++) {
    seal.append(opens(500, LONG));
    await seal.checkpoint();
  }
  await seal.close();
  const first = firstRecord(log);
  assert.ok(first > 5_000 && first % 256 === 0, `first is ${first}`);
  assert.ok(diskBytes(log) < maxBytes * 1.3, `${diskBytes(log)} bytes are on disk`);
  assert.ok(!existsSync(tilePath(log, 'entries', first / 256 - 1)));

  const verdict = await verifyLog(log);
  assert.deepEqual(verdict.problems, []);
  assert.equal(verdict.first, first);

  const said = [];
  let next = first;
  for await (const records of readRecords(log, 0, Number.MAX_SAFE_INTEGER))
    for (const { index, leaf } of records) {
      assert.equal(index, next++);
      const record = decodeLeaf(leaf);
      if (record.eventName === 'log.prune') said.push(record.attributes);
    }
  assert.equal(said.at(-1)?.['spoor.log.pruned_to'], first, 'the newest statement is never pruned');
  assert.equal(said.at(-1)?.['spoor.log.prune_reason'], 'budget');
  for (const [i, one] of said.entries())
    if (i > 0) assert.equal(one['spoor.log.pruned_from'], said[i - 1]?.['spoor.log.pruned_to']);
  assert.equal(
    said.at(-1)?.['spoor.log.pruned_unshipped'],
    first - Number(said.at(-1)?.['spoor.log.pruned_from']),
  );

  const { size, root } = readJournal(log).checkpoints.at(-1)?.checkpoint ?? assert.fail();
  const hashes = new HashReader(log);
  for await (const records of readRecords(log, first, first + 1))
    for (const { index, leaf } of records)
      assert.ok(isIncluded(leafHash(leaf), index, size, inclusionProof(hashes, index, size), root));

  seal = await openIn(state, { maxBytes });
  seal.append(opens(300, LONG));
  await seal.close();
  assert.deepEqual((await verifyLog(log)).problems, [], 'a pruned log goes on');
});

test('a log grown past a whole tile of tiles keeps proving after its leaf tiles went too', async (t) => {
  const state = stateFolder(t);
  const log = join(state, 'log');
  const seal = await openIn(state, { maxBytes: 3_000_000 });
  for (let i = 0; i < 78; i++) {
    seal.append(opens(1_000, LONG));
    await seal.checkpoint();
  }
  await seal.close();
  assert.ok(firstRecord(log) > 65_536);
  assert.ok(!existsSync(tilePath(log, 0, 0)), 'leaf tiles under a stored tile went');
  assert.ok(existsSync(tilePath(log, 1, 0)));
  const verdict = await verifyLog(log);
  assert.deepEqual(verdict.problems, []);
  const journal = readJournal(log).checkpoints;
  assert.ok((journal[0]?.checkpoint.number ?? 0) > 0, 'checkpoints over nothing but pruned records went');
});

test('records older than the limit go, and younger ones stay', async (t) => {
  const state = stateFolder(t);
  const log = join(state, 'log');
  t.mock.timers.enable({ apis: ['Date'], now: 1_800_000_000_000 });
  const retention = { maxBytes: 2 ** 30, maxAgeMs: 3_600_000 };
  const seal = await openIn(state, retention);
  seal.append(opens(600, LONG));
  await seal.checkpoint();
  t.mock.timers.setTime(1_800_000_000_000 + 1_800_000);
  seal.append(opens(600, LONG));
  await seal.checkpoint();
  assert.equal(firstRecord(log), 0);
  t.mock.timers.setTime(1_800_000_000_000 + 3_700_000);
  await seal.checkpoint();
  await seal.close();
  assert.equal(firstRecord(log), 512, 'bundles 0 and 1 hold nothing younger');
  assert.deepEqual((await verifyLog(log)).problems, []);
});

test('records that are missing and that no checkpoint says were pruned are found', async (t) => {
  const state = stateFolder(t);
  const log = join(state, 'log');
  const seal = await openIn(state, { maxBytes: 2 ** 30 });
  seal.append(opens(600, LONG));
  await seal.close();
  rmSync(tilePath(log, 'entries', 0));
  const verdict = await verifyLog(log);
  assert.equal(verdict.problems[0]?.kind, 'missing');
  assert.equal(verdict.first, 0);
});
