import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { opens } from '../../test/opens.ts';
import { formatCheckpoint, parseCheckpoint } from '../log/checkpoint.ts';
import { readJournal } from '../log/journal.ts';
import { parseVkey, signNote } from '../log/note.ts';
import { checkSince, proveRecord } from '../verify/proof.ts';
import { verifyLog } from '../verify/verify.ts';
import { adoptNextKey, makeNextKey, openHostKey, publishedKeys } from './hostkey.ts';
import { openSeal, type Seal } from './seal.ts';

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-rotate-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function openIn(state: string): Promise<Seal> {
  return openSeal({ directory: join(state, 'log'), hostKey: openHostKey(join(state, 'key')), hostId: 'h' });
}

/** Records that may wait for the disk: where it is slower than the test, more are shed, and stated as lost. */
const MAX_AHEAD = 50_000;

/** Appends until the seal signs with another key than before, without a pause but for a disk that lags. */
async function appendUntilRotated(seal: Seal): Promise<number> {
  const before = seal.verifierKey.keyId;
  let appended = 0;
  while (seal.verifierKey.keyId === before) {
    seal.append(opens(100));
    appended += 100;
    if (appended % MAX_AHEAD === 0) await seal.checkpoint();
    else await new Promise((resolve) => setImmediate(resolve));
  }
  return appended;
}

test('a key rotated under load loses no record, and the log verifies from the first key and from the last', async (t) => {
  const state = stateFolder(t);
  const seal = await openIn(state);
  let appended = 0;
  for (let turn = 0; turn < 3; turn++) {
    makeNextKey(join(state, 'key'));
    appended += await appendUntilRotated(seal);
  }
  seal.append(opens(5));
  await seal.close();
  const keys = publishedKeys(join(state, 'key'));
  assert.equal(keys.length, 4);
  assert.ok(!existsSync(join(state, 'key/next.key')));
  for (const trusted of [undefined, keys.slice(0, 1), keys.slice(3), keys.slice(1, 2)]) {
    const verdict = await verifyLog(join(state, 'log'), trusted);
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.size, 1 + appended + 3 + 5, 'log.open, the events, three log.key');
  }
  await (await openIn(state)).close();
  assert.equal(
    (await verifyLog(join(state, 'log'))).integrity,
    'intact',
    'the next run goes on with the last key',
  );
});

test('a rotation that a crash cut in two is finished at the next opening', async (t) => {
  const state = stateFolder(t);
  const key = join(state, 'key');
  const seal = await openIn(state);
  const old = openHostKey(key);
  makeNextKey(key);
  await appendUntilRotated(seal);
  await seal.close();
  // Back to the moment after the old key named the new one: the journal ends there, and the new key still waits.
  const { checkpoints } = readJournal(join(state, 'log'));
  const naming = checkpoints.findIndex(({ checkpoint }) => checkpoint.nextKey !== undefined);
  const crashed = (adopted: 'adopted' | 'waiting'): string => {
    const folder = stateFolder(t);
    cpSync(state, folder, { recursive: true });
    const journal = readFileSync(join(folder, 'log/checkpoints')).subarray(0, checkpoints[naming]?.end);
    writeFileSync(join(folder, 'log/checkpoints'), journal);
    writeFileSync(join(folder, 'log/checkpoint'), checkpoints[naming]?.text ?? '');
    writeFileSync(
      join(folder, 'key/host.pub'),
      `${readFileSync(join(key, 'host.pub'), 'utf8').split('\n')[0]}\n`,
    );
    if (adopted === 'adopted') return folder;
    renameSync(join(folder, 'key/host.key'), join(folder, 'key/next.key'));
    writeFileSync(join(folder, 'key/host.key'), old.privateKey.export({ format: 'pem', type: 'pkcs8' }), {
      mode: 0o600,
    });
    return folder;
  };
  for (const adopted of ['waiting', 'adopted'] as const) {
    const folder = crashed(adopted);
    await (await openIn(folder)).close();
    const verdict = await verifyLog(join(folder, 'log'));
    assert.deepEqual(verdict.problems, [], adopted);
    assert.deepEqual(openHostKey(join(folder, 'key')).publicKey, openHostKey(key).publicKey, adopted);
  }
  const lost = crashed('waiting');
  rmSync(join(lost, 'key/next.key'));
  await assert.rejects(openIn(lost), {
    name: 'HostKeyError',
    message: /next\.key is not the key that the last checkpoint names/,
  });
});

test('a stolen old key cannot go on with the log after it was replaced', async (t) => {
  const state = stateFolder(t);
  const log = join(state, 'log');
  let seal = await openIn(state);
  const stolen = openHostKey(join(state, 'key'));
  const stolenVkey = seal.verifierKey;
  await seal.close();
  makeNextKey(join(state, 'key'));
  seal = await openIn(state);
  await seal.close();
  const last = readJournal(log).checkpoints.at(-1) ?? assert.fail();
  const forged = { ...parseCheckpoint(last.note.text), number: last.checkpoint.number + 1 };
  const note = signNote(formatCheckpoint(forged), stolenVkey, stolen.privateKey);
  writeFileSync(join(log, 'checkpoints'), `${readFileSync(join(log, 'checkpoints'), 'utf8')}${note}\n`);
  const verdict = await verifyLog(log);
  assert.match(
    verdict.problems[0]?.message ?? '',
    /is signed by key [0-9a-f]{8}, which was replaced in checkpoint \d+$/,
  );
  const keys = publishedKeys(join(state, 'key'));
  const refused = { name: 'VerifyError', message: /which was replaced in checkpoint \d+$/ };
  const [first] = readJournal(log).checkpoints;
  assert.throws(() => checkSince(log, first?.text ?? '', keys), refused);
  await assert.rejects(proveRecord(log, 0, keys), refused);
});

test('a key nobody named is not taken for a successor', async (t) => {
  const state = stateFolder(t);
  await (await openIn(state)).close();
  const trusted = parseVkey(readFileSync(join(state, 'key/host.pub'), 'utf8'));
  makeNextKey(join(state, 'key'));
  adoptNextKey(join(state, 'key'));
  await assert.rejects(openIn(state), {
    name: 'LogDamagedError',
    message: /is signed by key .*, the host key is /,
  });
  assert.equal((await verifyLog(join(state, 'log'), [trusted])).integrity, 'intact');
});
