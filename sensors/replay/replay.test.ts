import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { needsSensor, SESSION, watch } from '../../test/programs/session.ts';
import type { SensorEvent } from '../event.ts';
import { SensorError } from '../sensor.ts';
import { eventLine, eventOfLine, headLine } from './events.ts';
import { recordTo } from './record.ts';
import { openReplaySensor } from './replay.ts';

const HEAD = headLine({
  recording: 1,
  facts: { name: 'linux-ebpf', tier: 'tracepoint', bootId: 'b' },
  wallOffsetNs: 1_700_000_000_000_000_001n,
  coverage: [],
});

async function played(file: string): Promise<SensorEvent[]> {
  const sensor = openReplaySensor(file);
  const events: SensorEvent[] = [];
  sensor.start((batch) => {
    for (const event of batch) events.push(event);
  });
  await sensor.stop();
  return events;
}

test('a recorded session plays back event by event, field by field', needsSensor, async (t) => {
  const file = join(emptyFolder(t), 'session.jsonl');
  const { events } = await watch(t, 'names', [emptyFolder(t)], { wrap: (sensor) => recordTo(file, sensor) });
  assert.deepEqual((await played(file)).map(eventLine), events.map(eventLine));
});

test('a recording is readable by its owner alone', needsSensor, async (t) => {
  const file = join(emptyFolder(t), 'session.jsonl');
  await watch(t, 'tree', [], { wrap: (sensor) => recordTo(file, sensor) });
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('the members of a replayed session are its processes that have not ended', needsSensor, async (t) => {
  const file = join(emptyFolder(t), 'session.jsonl');
  const { rootPid } = await watch(t, 'tree', [], { wrap: (sensor) => recordTo(file, sensor) });
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const rootEnd = lines.findIndex((line, index) => {
    const event = index > 0 ? eventOfLine(line) : undefined;
    return event?.kind === 'process.exit' && event.process.pid === rootPid;
  });
  writeFileSync(file, lines.slice(0, rootEnd).join('\n'));
  const sensor = openReplaySensor(file);
  sensor.start(() => {});
  await sensor.flush();
  assert.deepEqual(
    sensor.members(SESSION).map(({ pid }) => pid),
    [rootPid],
  );
  await sensor.stop();
});

test('bytes that are not UTF-8 and numbers past 2^53 survive a line', () => {
  const event: SensorEvent = {
    kind: 'process.existing',
    bootNs: 18_446_744_073_709_551_615n,
    process: { pid: 1, startNs: 9_007_199_254_740_993n },
    threadId: 1,
    session: 0,
    parent: { pid: 0, startNs: 0n },
    credentials: { uid: 0, euid: 0, gid: 0, egid: 0 },
    executable: Buffer.from([0x2f, 0xff, 0xfe]),
    args: [Buffer.from('é'), Buffer.from([0x80])],
    workingDirectory: Buffer.from('/'),
  };
  assert.deepEqual(eventOfLine(eventLine(event)), event);
});

const REFUSED: readonly [what: string, lines: readonly string[], message: RegExp][] = [
  ['no recording at all', ['{"a":1}'], /:1: does not begin a recording of a sensor$/],
  [
    'a version of the future',
    [HEAD.replace('"recording":1', '"recording":2')],
    /:1: is a recording of version 2; this reads version 1$/,
  ],
  ['an empty file', [], /:1: is no JSON/],
  ['a line cut short', [HEAD, '{"kind":"sensor.gap","boo'], /:2: is no JSON/],
  ['an unknown kind', [HEAD, '{"kind":"file.opened"}'], /:2: kind must be one of .*, not "file.opened"$/],
  [
    'a missing field',
    [HEAD, '{"kind":"sensor.gap","bootNs":"1"}'],
    /:2: lost must be a string, not nothing$/,
  ],
  [
    'a number where digits belong',
    [HEAD, '{"kind":"sensor.gap","bootNs":1}'],
    /:2: bootNs must be digits in a string, not 1$/,
  ],
  [
    'an unknown field',
    [HEAD, '{"kind":"sensor.gap","bootNs":"1","lost":"x","count":"1","cause":"shed","cpu":0,"more":1}'],
    /:2: more is unknown; the recording is of another version$/,
  ],
];

for (const [what, lines, message] of REFUSED)
  test(`${what} is refused by file, line and cause`, (t) => {
    const file = join(emptyFolder(t), 'bad.jsonl');
    writeFileSync(file, lines.join('\n'));
    assert.throws(
      () => openReplaySensor(file),
      (error) =>
        error instanceof SensorError && error.message.startsWith(`${file}:`) && message.test(error.message),
    );
  });

test('a recording that is not there is refused by its name', () => {
  assert.throws(
    () => openReplaySensor('/nowhere/session.jsonl'),
    /^SensorError: \/nowhere\/session.jsonl cannot be read/,
  );
});
