import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { opens } from '../../test/opens.ts';
import { entriesOf } from '../log/bundle.ts';
import { readJournal } from '../log/journal.ts';
import { leafHash } from '../log/merkle.ts';
import { firstRecord, readRecords } from '../log/reader.ts';
import { decodeLeaf, type LogRecord } from '../log/record.ts';
import { verifyLog } from '../verify/verify.ts';
import { openHostKey } from './hostkey.ts';
import { openSeal, type Seal } from './seal.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'log-recover-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function openIn(state: string): Promise<Seal> {
  return openSeal({ directory: join(state, 'log'), hostKey: openHostKey(join(state, 'key')), hostId: 'h' });
}

async function records(state: string): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const some of readRecords(join(state, 'log'), 0, Number.MAX_SAFE_INTEGER))
    all.push(...some.map(({ leaf }) => decodeLeaf(leaf)));
  return all;
}

test('a log whose last write was torn at any byte opens again, whole to its last whole record, and says what it cut', async (t) => {
  const made = folder(t);
  const seal = await openIn(made);
  seal.append(opens(3));
  await seal.checkpoint();
  seal.append(opens(2));
  await seal.checkpoint();
  // The folder as a power cut would find it: without the last checkpoint, and without an end in order.
  const torn = join(made, 'torn');
  cpSync(join(made, 'key'), join(torn, 'key'), { recursive: true });
  cpSync(join(made, 'log'), join(torn, 'log'), { recursive: true });
  rmSync(join(torn, 'log/lock')); // its owner, this process, is dead in this story
  await seal.close();
  const journal = readJournal(join(torn, 'log'));
  truncateSync(join(torn, 'log/checkpoints'), journal.checkpoints[1]?.end ?? 0);
  const entries = readFileSync(join(torn, 'log/tile/entries/000.tail'));
  const ends = entriesOf(entries).map(({ end }) => end);
  const covered = ends[3] ?? 0;
  assert.equal(ends.length, 6);

  for (let bytes = covered; bytes <= entries.length; bytes++) {
    const state = folder(t);
    cpSync(torn, state, { recursive: true });
    truncateSync(join(state, 'log/tile/entries/000.tail'), bytes);
    await (await openIn(state)).close();
    const whole = ends.filter((end) => end <= bytes).length;
    const all = await records(state);
    assert.equal(all.length, whole + 1, `cut at byte ${bytes}`);
    const said = all.at(-1);
    assert.equal(said?.eventName, 'log.open');
    assert.equal(said?.attributes['spoor.log.previous_end'], 'interrupted');
    assert.equal(said?.attributes['spoor.log.previous_size'], 4);
    assert.equal(said?.attributes['spoor.log.recovered'], whole - 4);
    assert.equal(said?.attributes['spoor.log.cut_bytes'], bytes - (ends[whole - 1] ?? 0));
    const verdict = await verifyLog(join(state, 'log'));
    assert.deepEqual(verdict.problems, []);
    assert.equal(verdict.interruptions, 1);
  }
});

test('a last write that was garbled is cut back to the last whole record', async (t) => {
  const made = folder(t);
  const seal = await openIn(made);
  seal.append(opens(5));
  await seal.checkpoint();
  const path = join(made, 'log/tile/entries/000.tail');
  const crashed = folder(t);
  cpSync(join(made, 'key'), join(crashed, 'key'), { recursive: true });
  cpSync(join(made, 'log'), join(crashed, 'log'), { recursive: true });
  rmSync(join(crashed, 'log/lock'));
  await seal.close();
  truncateSync(join(crashed, 'log/checkpoints'), readJournal(join(crashed, 'log')).checkpoints[0]?.end ?? 0);
  const bytes = readFileSync(path).subarray(0, entriesOf(readFileSync(path))[5]?.end);
  const last = entriesOf(bytes)[5]?.start ?? 0;
  for (const at of [last, last + 30, bytes.length - 1]) {
    const state = folder(t);
    cpSync(crashed, state, { recursive: true });
    const garbled = Buffer.from(bytes);
    garbled.fill(0, at);
    writeFileSync(join(state, 'log/tile/entries/000.tail'), garbled);
    await (await openIn(state)).close();
    assert.equal((await records(state)).at(-1)?.attributes['spoor.log.recovered'], 4);
    assert.equal((await verifyLog(join(state, 'log'))).integrity, 'intact');
  }
});

test('a log that contradicts its checkpoint is not opened, and not touched', async (t) => {
  const state = folder(t);
  const seal = await openIn(state);
  seal.append(opens(10));
  await seal.close();
  const path = join(state, 'log/tile/entries/000.tail');
  const bytes = readFileSync(path);
  bytes[40] = (bytes[40] as number) ^ 1;
  writeFileSync(path, bytes);
  await assert.rejects(openIn(state), {
    name: 'LogDamagedError',
    message: /log: record 0, which checkpoint 1 covers, is missing or changed\. Nothing was written to it\./,
  });
  assert.deepEqual(readFileSync(path), bytes);
});

test('a log signed by another key is not opened', async (t) => {
  const state = folder(t);
  await (await openIn(state)).close();
  rmSync(join(state, 'key'), { recursive: true });
  await assert.rejects(openIn(state), {
    name: 'LogDamagedError',
    message: /is signed by key .*, the host key is /,
  });
});

/** The folder of a writer that was killed after its first `covered` records were signed and all of `count` written. */
async function killed(t: TestContext, covered: number, count: number): Promise<string> {
  const made = folder(t);
  const seal = await openIn(made);
  seal.append(opens(covered - 1)); // the opening is a record too
  await seal.checkpoint();
  const journal = readFileSync(join(made, 'log/checkpoints'));
  seal.append(opens(count - covered));
  await seal.close();
  writeFileSync(join(made, 'log/checkpoints'), journal);
  return made;
}

test('a bundle that was whole when its writer was killed gets its final name, and goes when it is old', async (t) => {
  const state = await killed(t, 100, 600);
  const path = (level: string, number: string) => join(state, 'log/tile', level, number);
  for (const level of ['entries', '0'])
    for (const number of ['000', '001']) renameSync(path(level, number), path(level, `${number}.tail`));
  await (await openIn(state)).close();
  for (const level of ['entries', '0'])
    for (const number of ['000', '001']) {
      assert.ok(existsSync(path(level, number)), `tile/${level}/${number} is there`);
      assert.ok(!existsSync(path(level, `${number}.tail`)));
    }
  assert.deepEqual((await verifyLog(join(state, 'log'))).problems, []);
  const retention = { maxBytes: 2 ** 30, maxAgeMs: 0 };
  const key = openHostKey(join(state, 'key'));
  const seal = await openSeal({ directory: join(state, 'log'), hostKey: key, hostId: 'h', retention });
  await seal.checkpoint();
  await seal.close();
  assert.equal(firstRecord(join(state, 'log')), 512);
});

test('what somebody put behind the last checkpoint after a crash is not signed unless it is the record of that place', async (t) => {
  const state = await killed(t, 50, 60);
  const entries = join(state, 'log/tile/entries/000.tail');
  const bytes = readFileSync(entries);
  const { start, end } = entriesOf(bytes)[7] ?? assert.fail();
  const copied = bytes.subarray(start, end);
  for (const forged of [copied, Buffer.from('no record at all')]) {
    const again = folder(t);
    cpSync(state, again, { recursive: true });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(forged.length);
    appendFileSync(join(again, 'log/tile/entries/000.tail'), Buffer.concat([length, forged]));
    appendFileSync(join(again, 'log/tile/0/000.tail'), leafHash(forged));
    await (await openIn(again)).close();
    const said = (await records(again)).at(-1)?.attributes;
    assert.equal(said?.['spoor.log.recovered'], 10);
    assert.equal(said?.['spoor.log.cut_bytes'], forged.length + 2);
    for (const [i, record] of (await records(again)).entries()) assert.equal(record.index, i);
  }
});

test('what a writer that was killed had handed to the disk is kept, and its lock is taken over', async (t) => {
  const state = folder(t);
  // Appends without end, telling after each what is durable; killed while it does.
  const script = `
    import { openSeal } from ${JSON.stringify(new URL('./seal.js', import.meta.url).href)};
    import { openHostKey } from ${JSON.stringify(new URL('./hostkey.js', import.meta.url).href)};
    const seal = await openSeal({ directory: '${state}/log', hostKey: openHostKey('${state}/key'), hostId: 'h' });
    let made = 0;
    seal.onGrow((durable) => process.stdout.write(durable + '\\n'));
    setInterval(() => {
      const batch = [];
      for (let i = 0; i < 200; i++)
        batch.push({ name: 'file.open', uid: String(made++).padStart(26, '0'), timeNs: 1n, severity: 9, traceId: '',
          spanId: '', attributes: { 'file.path': '/tmp/' + made }, seen: undefined });
      seal.append(batch);
    }, 1);
  `;
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let durable = 0;
  for await (const chunk of writer.stdout) {
    durable = Number(String(chunk).trim().split('\n').at(-1));
    if (durable > 2_000) break;
  }
  writer.kill('SIGKILL');
  if (writer.signalCode === null) await once(writer, 'exit');

  const crashed = await verifyLog(join(state, 'log'));
  assert.equal(crashed.integrity, 'intact', crashed.problems.map(({ message }) => message).join('\n'));
  await (await openIn(state)).close();
  const all = await records(state);
  assert.ok(all.length - 1 >= durable, `${all.length - 1} records are left of ${durable} that were durable`);
  all.slice(1, -1).forEach((record, i) => {
    assert.equal(record.uid, String(i).padStart(26, '0'));
  });
  const verdict = await verifyLog(join(state, 'log'));
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.size, all.length);
});
