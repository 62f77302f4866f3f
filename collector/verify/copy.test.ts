import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { startReceiver } from '../../test/receivers/receiver.ts';
import type { Event } from '../event.ts';
import { parseVkey, type VerifierKey } from '../log/note.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { describeResource } from '../ship/resource.ts';
import { createLogShipper } from '../ship/shipper.ts';
import { newUid } from '../uid.ts';
import { type CopyVerdict, verifyCopy } from './copy.ts';

/** Records 0 (log.open) to 2600; checkpoints after 1, 301, 2001 and 2601, and the closing one. */
const SIZE = 2_601;
const PATIENCE_MS = 60_000;

/** What the log sent, as protobuf's own JSON printed it in a receiver of another stack: a line a request. */
let requests: ExportRequest[];
let key: VerifierKey;
const folders: string[] = [];

interface JsonRecord {
  eventName: string;
  timeUnixNano?: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}
interface ExportRequest {
  resourceLogs: {
    resource: { attributes: JsonRecord['attributes'] };
    scopeLogs: { logRecords: JsonRecord[] }[];
  }[];
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'log-copy-'));
  folders.push(made);
  return made;
}

function events(count: number): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    name: 'process.exec',
    uid: newUid(1_700_000_000_000),
    timeNs: 1_700_000_000_123_456_789n + BigInt(i),
    severity: i % 100 === 0 ? 13 : 9,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: i % 2 === 0 ? 'b7ad6b7169203331' : '',
    attributes: {
      'process.command_args': ['sh', '-c', `echo ä ${i}`, ''],
      'process.pid': i,
      'spoor.event.boot_ns': 2n ** 60n + BigInt(i),
      'process.working_directory': '/tmp/\u{1f43e}',
    },
    seen: undefined,
  }));
}

before(async () => {
  const state = folder();
  const receiver = await startReceiver({ folder: folder() });
  const hostKey = openHostKey(join(state, 'key'));
  const seal = await openSeal({ directory: join(state, 'log'), hostKey, hostId: 'h' });
  for (const count of [300, 1_700, 600]) {
    seal.append(events(count));
    await seal.checkpoint();
  }
  await seal.close();
  const shipper = createLogShipper({
    logDirectory: join(state, 'log'),
    positionsDirectory: join(state, 'ship'),
    destination: { url: receiver.url },
    resource: describeResource({ version: '1.2.3', keyId: seal.verifierKey.keyId }),
  });
  shipper.start();
  assert.ok((await shipper.flush(PATIENCE_MS)).delivered);
  await shipper.stop();
  await receiver.stop();
  key = parseVkey(readFileSync(join(state, 'key/host.pub'), 'utf8'));
  requests = readFileSync(receiver.exportFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ExportRequest);
});

after(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

/** Every record of the copy, in order. */
function allRecords(): JsonRecord[] {
  return structuredClone(requests).flatMap((request) =>
    request.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
  );
}

function indexOf(record: JsonRecord): number | undefined {
  const value = record.attributes.find((attribute) => attribute.key === 'spoor.log.index')?.value.intValue;
  return value === undefined ? undefined : Number(value);
}

function check(lines: readonly unknown[]): Promise<CopyVerdict> {
  return checkText(lines.map((line) => JSON.stringify(line)));
}

async function checkText(lines: readonly string[]): Promise<CopyVerdict> {
  const path = join(folder(), 'export.jsonl');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return verifyCopy(path, [key]);
}

function told(verdict: CopyVerdict): string {
  return verdict.problems.map(({ message }) => message).join('\n');
}

test('a copy that went through another stack proves every record', async () => {
  const verdict = await check(requests);
  assert.equal(told(verdict), '');
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.complete, true);
  assert.equal(verdict.proved, SIZE);
  assert.deepEqual(verdict.present, [[0, SIZE - 1]]);
  assert.deepEqual(verdict.missing, []);
  assert.deepEqual(verdict.unproved, []);
});

test('one record a line, in any order, proves the same', async () => {
  const verdict = await check(allRecords().reverse());
  assert.equal(told(verdict), '');
  assert.equal(verdict.proved, SIZE);
});

test('a changed value is found, and its neighbours stay proved', async () => {
  const records = allRecords();
  const victim = records.find((record) => indexOf(record) === 1_234);
  const pid = victim?.attributes.find((attribute) => attribute.key === 'process.pid');
  if (pid) pid.value = { intValue: '1' };
  const verdict = await check(records);
  assert.match(
    told(verdict),
    /^record 1234 was changed: it hashes to [0-9a-f]{16}…, checkpoint 2 signed [0-9a-f]{16}…$/,
  );
  assert.equal(verdict.proved, SIZE - 1);
});

test('a changed time, name, severity or removed attribute is found', async () => {
  const harms: ((record: JsonRecord) => void)[] = [
    (record) => {
      record.timeUnixNano = '1';
    },
    (record) => {
      record.eventName = 'process.exit';
    },
    (record) => {
      (record as unknown as { severityNumber: number }).severityNumber = 9 + 4;
    },
    (record) => {
      record.attributes = record.attributes.filter(
        (attribute) => attribute.key !== 'process.working_directory',
      );
    },
  ];
  for (const harm of harms) {
    const records = allRecords();
    const victim = records.find((record) => indexOf(record) === 77);
    if (victim) harm(victim);
    const verdict = await check(records);
    assert.equal(verdict.integrity, 'broken');
    assert.equal(verdict.problems[0]?.record, 77);
  }
});

test('missing records are named, and all others are still proved', async () => {
  const gone = (index: number | undefined): boolean =>
    index === 5 || (index !== undefined && index >= 400 && index < 500);
  const verdict = await check(allRecords().filter((record) => !gone(indexOf(record))));
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.complete, false);
  assert.deepEqual(verdict.missing, [
    [5, 5],
    [400, 499],
  ]);
  assert.equal(verdict.proved, SIZE - 101);
});

test('a repeated record is said and harms nothing; one that comes again changed is a problem', async () => {
  const records = allRecords();
  const again = structuredClone(records.filter((record) => [7, 8, 2_000].includes(indexOf(record) ?? -1)));
  const same = await check([...records, ...again]);
  assert.equal(same.integrity, 'intact');
  assert.deepEqual(same.repeated, [
    [7, 8],
    [2_000, 2_000],
  ]);
  for (const record of again) record.timeUnixNano = '99';
  const changed = await check([...records, ...again]);
  assert.match(told(changed), /record 7 came again with another content/);
});

test('attributes a SIEM added are named and set aside', async () => {
  const records = allRecords();
  for (const record of records)
    record.attributes.push({ key: 'siem.tenant', value: { stringValue: 'blue' } });
  const verdict = await check(records);
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.proved, SIZE);
  assert.equal(verdict.foreignAttributes.get('siem.tenant'), records.length);
});

test('a copy that begins or ends later proves what it has', async () => {
  const records = allRecords();
  const at = records.findIndex((record) => indexOf(record) === 350);
  const late = await check(records.slice(at));
  assert.equal(late.integrity, 'intact');
  assert.deepEqual(late.missing, [[0, 349]]);
  assert.equal(late.proved, SIZE - 2_001, 'from the first whole segment on');
  assert.deepEqual(late.unproved, [[350, 2_000]]);

  const early = await check(records.slice(0, at));
  assert.equal(early.integrity, 'intact');
  assert.equal(early.proved, 301);
  assert.deepEqual(early.unproved, [[301, 349]], 'no checkpoint of the copy covers them');
});

test('a copy without some checkpoints is proved by the later ones', async () => {
  const records = allRecords();
  let seen = 0;
  const verdict = await check(
    records.filter((record) => record.eventName !== 'log.checkpoint' || seen++ % 2 === 0),
  );
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.proved, SIZE);
  assert.deepEqual(verdict.missingCheckpoints, [
    [1, 1],
    [3, 3],
  ]);
});

test('without any leaf hashes a changed record is found between two checkpoints', async () => {
  const records = allRecords().filter((record) => record.eventName !== 'log.hashes');
  for (const record of records)
    record.attributes = record.attributes.filter((attribute) => !attribute.key.startsWith('spoor.hashes.'));
  assert.equal((await check(records)).proved, SIZE);
  const victim = records.find((record) => indexOf(record) === 1_000);
  if (victim) victim.timeUnixNano = '5';
  const verdict = await check(records);
  assert.match(told(verdict), /^records 301 to 2000 are not those signed in checkpoint 2;/);
  assert.equal(verdict.proved, SIZE - 1_700, 'the other segments are proved from their frontiers');
});

test('a forged checkpoint, and one by another key, are refused', async () => {
  const records = allRecords();
  const forged = records.filter((record) => record.eventName === 'log.checkpoint')[2];
  const note = forged?.attributes.find((attribute) => attribute.key === 'spoor.checkpoint.note');
  if (note) note.value = { stringValue: String(note.value.stringValue).replace('lost 0', 'lost 9') };
  const verdict = await check(records);
  assert.match(
    told(verdict),
    /^line \d+: checkpoint 2 was changed: its signature by key [0-9a-f]{8} does not fit its text$/,
  );
  assert.equal(verdict.proved, SIZE, 'the next one still covers the records');
});

test('records of another host in the same copy are set aside', async () => {
  const other = structuredClone(requests[0] as ExportRequest);
  for (const { resource } of other.resourceLogs)
    for (const attribute of resource.attributes)
      if (attribute.key === 'spoor.key.id') attribute.value = { stringValue: '00000000' };
  const verdict = await check([...requests, other]);
  assert.equal(verdict.integrity, 'intact');
  assert.ok(verdict.otherLogs > 0);
  assert.deepEqual(verdict.repeated, []);
});

test('a line that is no OTLP-JSON is named', async () => {
  const path = join(folder(), 'export.jsonl');
  writeFileSync(path, `${JSON.stringify(requests[0])}\n{"resourceLogs": [\n`);
  await assert.rejects(verifyCopy(path, [key]), {
    name: 'CopyError',
    message: new RegExp(`^${path}:2: not JSON: `),
  });
  await assert.rejects(verifyCopy(join(folder(), 'none'), [key]), {
    name: 'CopyError',
    message: /^cannot read .*none \(ENOENT\)$/,
  });
});

test('a copy that ends within its last line is judged up to there, and is not complete', async () => {
  const path = join(folder(), 'export.jsonl');
  const whole = allRecords().map((record) => JSON.stringify(record));
  const last = whole.pop() ?? '';
  writeFileSync(path, `${whole.join('\n')}\n${last.slice(0, -9)}`);
  const verdict = await verifyCopy(path, [key]);
  assert.equal(verdict.integrity, 'intact');
  assert.equal(verdict.proved, SIZE);
  assert.equal(verdict.cutLine, whole.length + 1);
  assert.equal(verdict.complete, false);

  writeFileSync(path, [...whole, last].join('\n'));
  const unended = await verifyCopy(path, [key]);
  assert.equal(unended.cutLine, undefined, 'a last line is whole without its newline');
  assert.equal(unended.complete, true);

  writeFileSync(path, `${last.slice(0, -9)}\n${whole.join('\n')}`);
  await assert.rejects(verifyCopy(path, [key]), { message: new RegExp(`^${path}:1: not JSON: `) });
});

/** The copy with one record changed. */
function withChange(index: number, change: (record: JsonRecord) => void): JsonRecord[] {
  const records = allRecords();
  const victim = records.find((record) => indexOf(record) === index);
  assert.ok(victim);
  change(victim);
  return records;
}

test('a severity text that is not that of its number, and an attribute that is there twice, are found', async () => {
  const texts = await check(
    withChange(311, (record) => {
      Object.assign(record, { severityText: 'FATAL' });
    }),
  );
  assert.match(told(texts), /record 311 cannot be .*severity text is "FATAL" and its number 9/);
  for (const at of [0, 99]) {
    const twice = await check(
      withChange(300, ({ attributes }) => {
        attributes.splice(at, 0, { key: 'process.working_directory', value: { stringValue: '/evil' } });
      }),
    );
    assert.match(told(twice), /record 300 cannot be .*process\.working_directory twice/);
    assert.equal(twice.proved, SIZE - 1);
  }
});

test('what was added under a name of the registry is found, whatever its value is written as', async () => {
  const values: unknown[] = [
    { kvlistValue: { values: [] } },
    { arrayValue: null },
    { arrayValue: { values: [{ kvlistValue: {} }] } },
    { stringValue: null },
    {},
    null,
  ];
  for (const value of values) {
    const added = await check(
      withChange(301, ({ attributes }) => {
        attributes.push({ key: 'process.hash.sha256', value: value as Record<string, unknown> });
      }),
    );
    assert.match(
      told(added),
      /record 301 cannot be .*its attribute process\.hash\.sha256 has no value/,
      JSON.stringify(value),
    );
    assert.equal(added.proved, SIZE - 1);
  }
  const both = await check(
    withChange(302, ({ attributes }) => {
      const directory = attributes.find(({ key }) => key === 'process.working_directory');
      Object.assign(directory?.value ?? {}, { intValue: '7' });
    }),
  );
  assert.match(told(both), /record 302 cannot be .*process\.working_directory has no value/);
  const ids = await check(withChange(303, (record) => Object.assign(record, { spanId: 7 })));
  assert.match(told(ids), /record 303 cannot be .*its trace or span id is no text/);
});

test('a body, flags, or any other field that was not signed is named', async () => {
  const verdict = await check(
    withChange(5, (record) => {
      Object.assign(record, { body: { stringValue: 'all is well' }, flags: 1, droppedAttributesCount: 0 });
    }),
  );
  assert.equal(verdict.integrity, 'intact');
  assert.deepEqual([...verdict.foreignAttributes.keys()], ['body', 'flags']);
});

test('a hostile record is one problem, or none, and hides nothing of the others', async () => {
  const deep = 20_000;
  const nested = `${'{"arrayValue":{"values":['.repeat(deep)}${']}}'.repeat(deep)}`;
  const attributes = (...pairs: [string, unknown][]) => pairs.map(([key, value]) => ({ key, value }));
  const checkpoint = allRecords().find(({ eventName }) => eventName === 'log.checkpoint');
  const hostile = {
    'an index past all others': {
      eventName: 'process.exec',
      attributes: attributes(['spoor.log.index', { intValue: '9007199254740000' }]),
    },
    'an index that is no number': {
      eventName: 'process.exec',
      attributes: attributes(['spoor.log.index', { doubleValue: 0.5 }]),
    },
    'a checkpoint that is a number': {
      eventName: 'log.checkpoint',
      attributes: attributes(['spoor.checkpoint.note', { intValue: '7' }]),
    },
    'lists in lists': {
      eventName: 'process.exec',
      attributes: attributes(['spoor.log.index', { intValue: '3' }], ['process.command_args', 'NESTED']),
    },
    'hashes before the first': {
      eventName: 'log.hashes',
      attributes: attributes(
        ['spoor.hashes.first', { intValue: '-5' }],
        ['spoor.hashes.leaves', { bytesValue: Buffer.alloc(64).toString('base64') }],
      ),
    },
    'a frontier that is a number': {
      eventName: 'log.checkpoint',
      attributes: [
        ...(checkpoint?.attributes.filter(({ key }) => key !== 'spoor.checkpoint.frontier') ?? []),
        ...attributes(['spoor.checkpoint.frontier', { intValue: '7' }]),
      ],
    },
  };
  for (const [what, record] of Object.entries(hostile)) {
    const text = JSON.stringify(record).replace('"NESTED"', nested);
    const verdict = await checkText([text, ...allRecords().map((one) => JSON.stringify(one))]);
    assert.equal(verdict.proved, SIZE, what);
    assert.ok(verdict.problems.length <= 1, what);
    assert.equal(verdict.complete, true, what);
  }
});

test('a copy without a checkpoint of the key is not called intact', async () => {
  const verdict = await check(allRecords().filter(({ eventName }) => eventName !== 'log.checkpoint'));
  assert.equal(verdict.integrity, 'unchecked');
  assert.equal((await check([])).integrity, 'unchecked');
});

test('what can be read only once, and keys of several logs, are refused', async () => {
  const pipe = join(folder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(verifyCopy(pipe, [key]), { name: 'CopyError', message: /is no regular file/ });
  const other = { ...key, name: 'spoor/other/1' };
  const path = join(folder(), 'export.jsonl');
  writeFileSync(path, '');
  await assert.rejects(verifyCopy(path, [key, other]), { name: 'CopyError', message: /keys are of 2 logs/ });
});

test('a line too long to be held is refused by its number', async () => {
  const path = join(folder(), 'export.jsonl');
  writeFileSync(path, `${JSON.stringify(requests[0])}\n`);
  truncateSync(path, 300 * 1024 * 1024); // a hole: no disk is used
  await assert.rejects(verifyCopy(path, [key]), { name: 'CopyError', message: /:2: a line of more than/ });
});
