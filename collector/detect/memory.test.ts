import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import { loaded } from './asked.ts';
import { createDetect } from './detect.ts';
import { keepMemory } from './memory.ts';
import { loadState, StateWriter } from './state-file.ts';

const RULES = `title: Deny
name: deny
logsource: { product: spoor, category: policy.decision }
detection: { s: { spoor.policy.verdict: deny }, condition: s }
---
title: Three
id: three
correlation:
    type: event_count
    rules: [deny]
    group-by: [session.id]
    timespan: 10m
    condition: { gte: 3 }
`;

function denial(second: number): Event {
  const timeMs = 1_767_600_000_000 + second * 1000;
  return {
    name: 'policy.decision',
    uid: newUid(timeMs),
    timeNs: BigInt(timeMs) * 1_000_000n,
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes: { 'session.id': 's1', 'spoor.policy.verdict': 'deny' },
    seen: undefined,
  };
}

function findings(events: readonly Event[]): string[] {
  return events
    .filter(({ name }) => name === 'finding')
    .map(({ attributes }) => attributes['security_rule.name'] ?? '');
}

const OPTIONS = { ruleset: 'test', product: 'linux' } as const;

test('windows of unchanged correlations go on under new rules, and those of changed ones begin anew', () => {
  const first = createDetect({ ...OPTIONS, rules: loaded(RULES) });
  assert.deepEqual(findings(first([denial(0), denial(1)])), []);
  const more = `${RULES}---\ntitle: Each\nlogsource: { product: spoor, category: policy.decision }\ndetection: { s: { spoor.policy.verdict: deny }, condition: s }\n`;
  const second = createDetect({ ...OPTIONS, rules: loaded(more) });
  assert.deepEqual(second.restore(first.snapshot()), { restored: 1, leftOut: 0 });
  assert.deepEqual(findings(second([denial(2)])), ['Each', 'Three']);

  const other = createDetect({ ...OPTIONS, rules: loaded(RULES.replace('10m', '11m')) });
  assert.deepEqual(other.restore(first.snapshot()), { restored: 0, leftOut: 1 });
  assert.deepEqual(findings(other([denial(2)])), []);
});

test('what is remembered goes from one collector to the next by a file, and a finding stays open', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const collector = () => {
    const detect = createDetect({ ...OPTIONS, rules: loaded(RULES) });
    return { detect, memory: keepMemory(folder, () => detect, assert.fail) };
  };
  const first = collector();
  first.detect([denial(0), denial(1)]);
  first.memory.stop();

  const second = collector();
  assert.deepEqual(findings(second.detect([denial(2), denial(3)])), ['Three']);
  second.memory.stop();
  assert.deepEqual(readdirSync(folder), ['detect.json']);

  const third = collector();
  third.detect([denial(4)]);
  const [update] = third.detect([denial(900)]).filter(({ name }) => name === 'finding.update');
  assert.equal(update?.attributes['spoor.finding.count'], 3);
  third.memory.stop();
});

test('a collector that is killed loses what it remembered since the last save and nothing else', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const killed = createDetect({ ...OPTIONS, rules: loaded(RULES) });
  const memory = keepMemory(folder, () => killed, assert.fail);
  killed([denial(0), denial(1)]);
  await memory.save();
  killed([denial(2)]);
  const next = createDetect({ ...OPTIONS, rules: loaded(RULES) });
  const kept = keepMemory(folder, () => next, assert.fail);
  assert.deepEqual(findings(next([denial(3)])), ['Three']);
  kept.stop();
});

test('what comes while a state is saved is not in it, and is in the next one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'detect.json');
  const detect = createDetect({ ...OPTIONS, rules: loaded(RULES) });
  const memory = keepMemory(folder, () => detect, assert.fail);
  detect([denial(0)]);
  const one = JSON.stringify(detect.snapshot());
  const saved = memory.save();
  detect([denial(1)]);
  await saved;
  assert.equal(readFileSync(path, 'utf8'), one);
  await memory.save();
  const two = JSON.stringify(detect.snapshot());
  assert.equal(readFileSync(path, 'utf8'), two);

  // The end comes while a state is being written: the old one, never half of one, and then all of it.
  detect([denial(2)]);
  const broken = memory.save();
  assert.equal(readFileSync(path, 'utf8'), two);
  memory.stop();
  const three = JSON.stringify(detect.snapshot());
  assert.equal(readFileSync(path, 'utf8'), three);
  await broken;
  assert.equal(readFileSync(path, 'utf8'), three);
  assert.deepEqual(readdirSync(folder), ['detect.json']);
});

test('a slice of a state ends with its time, and the pieces of all slices are the file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'detect.json');
  let nowMs = 0;
  let made = 0;
  function* pieces(): Generator<string, void> {
    for (; made < 100; made += 1) {
      // What a piece takes to be made.
      nowMs += 3;
      yield `${made},`;
    }
  }
  const writer = new StateWriter(path, pieces());
  const slices: number[] = [];
  for (let before = 0; writer.write(8, () => nowMs); before = made) slices.push(made - before);
  assert.ok(Math.max(...slices) <= 3, slices.join());
  assert.equal(await writer.finish(), true);
  assert.equal(readFileSync(path, 'utf8'), Array.from({ length: 100 }, (_, one) => `${one},`).join(''));
});

test('a state that cannot be written leaves the old one, and is told', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'detect.json');
  writeFileSync(path, 'old');
  function* failing(): Generator<string, void> {
    yield 'half';
    throw new Error('no more');
  }
  assert.throws(() => new StateWriter(path, failing()).finishNow(), /no more/);
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['detect.json']);
});

test('no value of a field in which people put secrets is written to the state file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const rules = RULES.replace('group-by: [session.id]', 'group-by: [session.id, process.command_args]');
  const counting = `${RULES}---
title: Different
correlation:
    type: value_count
    rules: [deny]
    group-by: [session.id]
    timespan: 10m
    condition: { field: process.command_args, gte: 3 }
`;
  const secret = (second: number): Event => {
    const event = denial(second);
    event.attributes['process.command_args'] = ['login', '--password', `hunter${second}`];
    return event;
  };
  for (const text of [rules, counting]) {
    const detect = createDetect({ ...OPTIONS, rules: loaded(text) });
    const memory = keepMemory(folder, () => detect, assert.fail);
    detect([secret(0), secret(1)]);
    memory.stop();
    const written = readFileSync(join(folder, 'detect.json'), 'utf8');
    assert.match(written, /SHA-256 [0-9a-f]{64}/);
    assert.doesNotMatch(written, /hunter/);
    const next = createDetect({ ...OPTIONS, rules: loaded(text) });
    const kept = keepMemory(folder, () => next, assert.fail);
    const found = findings(next([secret(0), secret(1), secret(2)]));
    // Grouped: two of each password and no three. Counted: the first two are known, the third is the third.
    assert.deepEqual(found.includes('Different'), text === counting);
    kept.stop();
    rmSync(join(folder, 'detect.json'));
  }
});

test('a state file that is cut, foreign or of another version is named and not used', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'detect.json');
  assert.equal(loadState(path), undefined);
  for (const text of [
    '{"version":1,"corr',
    '[]',
    '{"version":2,"correlations":{"version":1,"correlations":[]},"baselines":{"version":1,"subjects":[]}}',
    '{"version":1,"correlations":{"version":1,"correlations":[{"groups":3}]},"baselines":{"subjects":[]}}',
    '{"version":1,"correlations":{"version":1,"correlations":[]},"baselines":{"subjects":[{"subject":"a"}]}}',
    '{"version":1,"correlations":{"version":1,"correlations":[]}}',
    'null',
  ]) {
    writeFileSync(path, text);
    const saved = loadState(path);
    assert.ok(saved && 'problem' in saved, text);
    assert.match(saved.problem, /detect\.json: .*windows and baselines begin empty$/);
  }
});
