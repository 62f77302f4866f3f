import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { opens } from '../../test/opens.ts';
import type { Event } from '../event.ts';
import { type WitnessKey, witnessKey } from '../log/cosignature.ts';
import { readJournal } from '../log/journal.ts';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf, type LogRecord } from '../log/record.ts';
import { makeNextKey, openHostKey, publishedKeys } from '../seal/hostkey.ts';
import { openSeal, type Seal } from '../seal/seal.ts';
import { checkSince } from '../verify/proof.ts';
import { verifyLog } from '../verify/verify.ts';
import { countersign } from './countersign.ts';
import { memoryIn, originHash } from './memory.ts';
import { serveWitness } from './server.ts';
import { Witness } from './witness.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'countersign-'));
  t.after(() => rmSync(made, { recursive: true }));
  return made;
}

interface RunningWitness {
  readonly url: string;
  readonly key: WitnessKey;
}

/** A witness of the log in a state folder. */
async function startWitness(t: TestContext, logState: string): Promise<RunningWitness> {
  const state = folder(t);
  const { privateKey, publicKey } = openHostKey(join(state, 'key'));
  const key = witnessKey('witness.example/w1', publicKey);
  const memory = memoryIn(join(state, 'logs'));
  const listed = publishedKeys(join(logState, 'key'));
  const keysOf = (origin: string) => listed.filter(({ name }) => name === origin);
  const witness = new Witness({ key, privateKey, keysOf, memory });
  const server = await serveWitness({ witness, memory, host: '127.0.0.1', port: 0, answered: () => {} });
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${server.port}`, key };
}

function openIn(state: string): Promise<Seal> {
  return openSeal({ directory: join(state, 'log'), hostKey: openHostKey(join(state, 'key')), hostId: 'h' });
}

/** Opens, appends, has it countersigned, closes. */
async function sealWitnessed(state: string, witness: RunningWitness, count: number): Promise<void> {
  const seal = await openIn(state);
  const countersigner = countersign(seal, join(state, 'log'), [witness]);
  seal.append(opens(count));
  await countersigner.finish();
  await seal.close();
}

async function answersIn(state: string): Promise<LogRecord[]> {
  const answers: LogRecord[] = [];
  for await (const some of readRecords(join(state, 'log'), 0, Number.MAX_SAFE_INTEGER))
    for (const { leaf } of some) {
      const record = decodeLeaf(leaf);
      if (record.eventName === 'log.witness') answers.push(record);
    }
  return answers;
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.once('end', () => resolve(text));
    }).once('error', reject);
  });
}

async function newLog(t: TestContext): Promise<string> {
  const state = folder(t);
  await (await openIn(state)).close();
  return state;
}

test('a countersigned checkpoint is a record of the log, and verify says up to where it is witnessed, and by whom', async (t) => {
  const state = await newLog(t);
  const witness = await startWitness(t, state);
  await sealWitnessed(state, witness, 300);
  await sealWitnessed(state, witness, 40);

  const answers = await answersIn(state);
  assert.deepEqual(
    answers.map(({ attributes }) => attributes['spoor.witness.outcome']),
    ['cosigned', 'cosigned'],
  );
  const verdict = await verifyLog(join(state, 'log'), undefined, [witness.key]);
  assert.deepEqual(verdict.problems, []);
  assert.deepEqual(
    verdict.witnessed.map(({ name, size: to }) => [name, to]),
    [['witness.example/w1', verdict.size]],
    'the closing checkpoint too',
  );
  const stranger = witnessKey('witness.example/w1', openHostKey(folder(t)).publicKey);
  assert.deepEqual((await verifyLog(join(state, 'log'), undefined, [stranger])).witnessed, []);
});

test('an idle log asks its witness nothing', async (t) => {
  const state = await newLog(t);
  const witness = await startWitness(t, state);
  const seal = await openIn(state);
  const countersigner = countersign(seal, join(state, 'log'), [witness]);
  seal.append(opens(3));
  await countersigner.finish();
  const { size } = seal;
  await seal.checkpoint();
  await countersigner.finish();
  await seal.close();
  assert.equal(seal.size, size);
});

test('a host rolled back and written on with its own key is refused by the witness, and shown to be another history', async (t) => {
  const state = await newLog(t);
  const witness = await startWitness(t, state);
  const stolen = folder(t);
  cpSync(state, stolen, { recursive: true });
  await sealWitnessed(state, witness, 300);
  const { origin } = readJournal(join(state, 'log')).checkpoints[0]?.checkpoint ?? { origin: '' };

  // Whoever has the key and the disk writes another history from an older copy on, as long as the true one.
  await sealWitnessed(stolen, witness, 400);
  const [answer] = await answersIn(stolen);
  assert.equal(answer?.attributes['spoor.witness.outcome'], 'refused');
  assert.match(
    String(answer?.attributes['spoor.witness.reason']),
    /answered 422: .*another history of the log/,
  );
  assert.equal(answer?.severity, 17);
  const verdict = await verifyLog(join(stolen, 'log'), undefined, [witness.key]);
  assert.equal(verdict.integrity, 'intact', 'it is sound in itself: that is what a witness is for');
  assert.deepEqual(verdict.witnessed, []);

  const kept = await fetchText(`${witness.url}/checkpoint/${originHash(origin)}`);
  const keys = publishedKeys(join(state, 'key'));
  assert.equal(checkSince(join(state, 'log'), kept, keys).holds, true);
  const since = checkSince(join(stolen, 'log'), kept, keys);
  assert.equal(since.holds, false);
  assert.match(since.message, /^rewritten/);
});

test('a log that is shorter than what was witnessed is told to have been rolled back', async (t) => {
  const state = await newLog(t);
  const witness = await startWitness(t, state);
  const old = folder(t);
  cpSync(state, old, { recursive: true });
  await sealWitnessed(state, witness, 300);
  await sealWitnessed(old, witness, 1);
  const [answer] = await answersIn(old);
  assert.match(String(answer?.attributes['spoor.witness.reason']), /cosigned 303 records .* rolled back/);
});

test('a witness follows a log to its next key, also when it missed the change', async (t) => {
  const state = await newLog(t);
  const witness = await startWitness(t, state);
  await sealWitnessed(state, witness, 10);
  makeNextKey(join(state, 'key'));
  const seal = await openIn(state);
  seal.append(opens(10));
  await seal.close();
  await sealWitnessed(state, witness, 10);
  assert.deepEqual(
    (await answersIn(state)).map(({ attributes }) => attributes['spoor.witness.outcome']),
    ['cosigned', 'cosigned'],
  );
});

test('a witness that is away is told once', async (t) => {
  const state = await newLog(t);
  const away = { url: 'http://127.0.0.1:1', key: witnessKey('away.example', Buffer.alloc(32, 1)) };
  const seal = await openIn(state);
  const countersigner = countersign(seal, join(state, 'log'), [away]);
  seal.append(opens(1));
  await countersigner.finish();
  seal.append(opens(1));
  await countersigner.finish();
  await seal.close();
  const answers = await answersIn(state);
  assert.equal(answers.length, 1);
  assert.match(String(answers[0]?.attributes['spoor.witness.reason']), /ECONNREFUSED/);
});

/** A server that answers 403 to everything, and counts. */
async function startRefusing(t: TestContext) {
  const asked = { count: 0 };
  const server = createServer((_, response) => {
    asked.count++;
    response.writeHead(403).end('unknown key');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const key = witnessKey('refusing.example', Buffer.alloc(32, 1));
  return { asked, address: { url: `http://127.0.0.1:${port}`, key } };
}

/** Until the log has more than `size` records. */
async function grownPast(seal: Seal, size: number): Promise<void> {
  while (seal.size <= size) await new Promise((resolve) => setImmediate(resolve));
}

test('a log whose files cannot be read for a witness has the reason recorded, and the witness is asked again', async (t) => {
  const state = await newLog(t);
  const { asked, address } = await startRefusing(t);
  const seal = await openIn(state);
  const countersigner = countersign(seal, join(state, 'key/host.pub'), [address]);
  seal.append(opens(1));
  const { size } = seal;
  await seal.checkpoint();
  await grownPast(seal, size);
  seal.append(opens(1));
  await countersigner.finish();
  await seal.close();
  const answers = await answersIn(state);
  assert.deepEqual(
    answers.map(({ attributes }) => attributes['spoor.witness.outcome']),
    ['unreachable'],
  );
  assert.match(String(answers[0]?.attributes['spoor.witness.reason']), /^it was not asked: ENOTDIR/);
  assert.equal(asked.count, 2);
});

test('a witness that refused is asked again after half a minute, as one that is away', async (t) => {
  const state = await newLog(t);
  const { address } = await startRefusing(t);
  const seal = await openIn(state);
  const countersigner = countersign(seal, join(state, 'log'), [address]);
  seal.append(opens(1));
  const { size } = seal;
  await seal.checkpoint();
  await grownPast(seal, size);
  seal.append(opens(1));
  const timeout = t.mock.method(globalThis, 'setTimeout');
  await seal.checkpoint();
  const waits = timeout.mock.calls.map((call) => call.arguments[1]);
  assert.ok(waits.includes(30_000), String(waits));
  assert.ok(!waits.includes(5_000), String(waits));
  await countersigner.finish();
  await seal.close();
});

test('a cosignature that does not fit the log it lies in is a problem', async (t) => {
  const state = await newLog(t);
  const other = await newLog(t);
  const witness = await startWitness(t, other);
  await sealWitnessed(other, witness, 5);
  const note = String((await answersIn(other))[0]?.attributes['spoor.checkpoint.note']);
  const seal = await openIn(state);
  const [like] = opens(1);
  seal.append([
    {
      ...(like as Event),
      name: 'log.witness',
      attributes: { 'spoor.witness.outcome': 'cosigned', 'spoor.checkpoint.note': note },
    },
  ]);
  await seal.close();
  const verdict = await verifyLog(join(state, 'log'), undefined, [witness.key]);
  assert.equal(verdict.integrity, 'broken');
  assert.match(verdict.problems[0]?.message ?? '', /cosigned another checkpoint/);
});
