import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Event } from '../event.ts';
import { readJournal } from '../log/journal.ts';
import { leafHash, nodeHash } from '../log/merkle.ts';
import { isSignedBy } from '../log/note.ts';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { openHostKey } from './hostkey.ts';
import { openSeal, type Seal } from './seal.ts';

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-seal-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function openIn(state: string): Promise<Seal> {
  return openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: 'host',
  });
}

let made = 0;
function event(path: string): Event {
  const uid = `01K9ZQ4Y7G${String(made++).padStart(16, '0')}`;
  const attributes = { 'file.path': path, 'process.pid': 42 };
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

function events(count: number): Event[] {
  return Array.from({ length: count }, (_, i) => event(`/tmp/${i}`));
}

async function leaves(state: string, to = Number.MAX_SAFE_INTEGER): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const records of readRecords(join(state, 'log'), 0, to))
    all.push(...records.map(({ leaf }) => leaf));
  return all;
}

/** RFC 6962, section 2.1, written as it stands there: the oracle for the tile tree. */
function rfc6962(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 1) return hashes[0] as Buffer;
  let split = 1;
  while (2 * split < hashes.length) split *= 2;
  return nodeHash(rfc6962(hashes.slice(0, split)), rfc6962(hashes.slice(split)));
}

test('what was appended is read back in order, and the closing checkpoint signs the RFC 6962 root over it', async (t) => {
  const state = stateFolder(t);
  const seal = await openIn(state);
  for (let i = 0; i < 7; i++) seal.append(events(100));
  const closing = await seal.close();

  const all = await leaves(state);
  assert.equal(all.length, 701);
  assert.equal(decodeLeaf(all[0] as Buffer).eventName, 'log.open');
  all.slice(1).forEach((leaf, i) => {
    const record = decodeLeaf(leaf);
    assert.equal(record.index, i + 1);
    assert.equal(record.attributes['file.path'], `/tmp/${i % 100}`);
  });
  assert.equal(closing.size, 701);
  assert.equal(closing.state, 'closed');
  assert.deepEqual(closing.root, rfc6962(all.map(leafHash)));

  const journal = readJournal(join(state, 'log'));
  assert.deepEqual(journal.faults, []);
  const last = journal.checkpoints.at(-1);
  assert.ok(last && isSignedBy(last.note, seal.verifierKey));
  assert.equal(readFileSync(join(state, 'log', 'checkpoint'), 'utf8'), last.text);
});

test('each checkpoint names the one before, and the tree goes on over restarts past a whole tile of tiles', async (t) => {
  const state = stateFolder(t);
  for (const count of [3, 65_530, 40, 0, 700]) {
    const seal = await openIn(state);
    seal.append(events(count));
    await seal.close();
  }
  const all = await leaves(state);
  assert.equal(all.length, 66_273 + 5);
  const hashes = all.map(leafHash);
  const { checkpoints } = readJournal(join(state, 'log'));
  assert.equal(checkpoints.length, 10, 'one at each opening, one at each close');
  checkpoints.forEach(({ checkpoint }, i) => {
    assert.equal(checkpoint.number, i);
    assert.deepEqual(checkpoint.root, rfc6962(hashes.slice(0, checkpoint.size)));
  });
  const opened = all.map(decodeLeaf).filter((record) => record.eventName === 'log.open');
  assert.deepEqual(
    opened.map((record) => record.attributes['spoor.log.previous_end']),
    ['none', 'closed', 'closed', 'closed', 'closed'],
  );
});

test('a closed log is a whole C2SP tlog-tiles tree', async (t) => {
  const state = stateFolder(t);
  const seal = await openIn(state);
  seal.append(events(600));
  await seal.close();
  const tile = join(state, 'log', 'tile');
  assert.deepEqual(readdirSync(join(tile, '0')).sort(), ['000', '001', '002.p', '002.tail']);
  assert.deepEqual(readdirSync(join(tile, '0', '002.p')), ['89']);
  assert.equal(statSync(join(tile, '0', '002.p', '89')).size, 89 * 32);
  assert.deepEqual(readdirSync(join(tile, 'entries')).sort(), ['000', '001', '002.p', '002.tail']);
  assert.deepEqual(readdirSync(join(tile, '1', '000.p')), ['2']);
});

test('an event with an unregistered attribute becomes a gap that names it, and its neighbours are sealed', async (t) => {
  const state = stateFolder(t);
  const seal = await openIn(state);
  const bad = { ...event('/bad'), attributes: { 'dns.question.name': 'x' } } as unknown as Event;
  assert.throws(
    () => seal.append([event('/before'), bad, event('/after')]),
    /dns\.question\.name is not registered/,
  );
  const closing = await seal.close();
  const records = (await leaves(state)).slice(1).map(decodeLeaf);
  assert.deepEqual(
    records.map((record) => record.attributes['file.path'] ?? record.attributes['spoor.gap.cause']),
    ['/before', 'refused', '/after'],
  );
  assert.equal(closing.lost, 1n, 'the checkpoint counts the loss');
});

test('a second writer is refused and told who writes', async (t) => {
  const state = stateFolder(t);
  const seal = await openIn(state);
  await assert.rejects(openIn(state), { name: 'LockError', message: new RegExp(`process ${process.pid} `) });
  await seal.close();
  await (await openIn(state)).close();
});

test('while nothing is appended no checkpoint is written', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const state = stateFolder(t);
  const seal = await openIn(state);
  const before = readJournal(join(state, 'log')).checkpoints.length;
  t.mock.timers.tick(60_000);
  await seal.checkpoint();
  assert.equal(
    readJournal(join(state, 'log')).checkpoints.length,
    before + 1,
    'only the one that was asked for',
  );
  await seal.close();
});

test('a checkpoint comes by itself within a second of a record, and covers it', async (t) => {
  const state = stateFolder(t);
  const seal = await openIn(state);
  const grown = new Promise<void>((resolve) => {
    seal.onGrow(() => {
      const last = readJournal(join(state, 'log')).checkpoints.at(-1)?.checkpoint;
      if (last?.size === 2) resolve();
    });
  });
  seal.append([event('/one')]);
  await grown;
  assert.equal(seal.durable, 2);
  await seal.close();
});

test('a log that cannot be opened to its end is written by nobody any more, and keeps no process alive', (t) => {
  const state = stateFolder(t);
  // Whatever fails in the first checkpoint, a full disk as well; a key for key agreement signs nothing.
  const script = `
    import { generateKeyPairSync } from 'node:crypto';
    import { readdirSync } from 'node:fs';
    import { openSeal } from ${JSON.stringify(new URL('./seal.js', import.meta.url).href)};
    import { openHostKey } from ${JSON.stringify(new URL('./hostkey.js', import.meta.url).href)};
    const hostKey = openHostKey('${state}/key');
    const { privateKey } = generateKeyPairSync('x25519');
    await openSeal({ directory: '${state}/log', hostKey: { ...hostKey, privateKey }, hostId: 'h' }).catch((error) =>
      console.log(error.code, readdirSync('${state}/log').includes('lock')));
    await (await openSeal({ directory: '${state}/log', hostKey, hostId: 'h' })).close();`;
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^ERR_\S+ false\n$/);
});
