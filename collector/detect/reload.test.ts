import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import { loaded } from './asked.ts';
import { createDetect } from './detect.ts';
import { createReloadingDetect } from './reload.ts';
import { loadRuleSet } from './ruleset.ts';
import { loadState, saveState } from './state-file.ts';

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

test('new rules are in force from the next batch on, and windows of unchanged correlations go on', () => {
  const detect = createReloadingDetect({ rules: loaded(RULES), ruleset: 'test', product: 'linux' });
  assert.deepEqual(findings(detect([denial(0), denial(1)])), []);
  const more = `${RULES}---\ntitle: Each\nlogsource: { product: spoor, category: policy.decision }\ndetection: { s: { spoor.policy.verdict: deny }, condition: s }\n`;
  assert.deepEqual(detect.reload(loaded(more)), { taken: true, refusals: [], restored: 1, leftOut: 0 });
  assert.deepEqual(findings(detect([denial(2)])), ['Each', 'Three']);
});

test('a bad set leaves the last good one in force and says why', () => {
  const detect = createReloadingDetect({ rules: loaded(RULES), ruleset: 'test', product: 'linux' });
  detect([denial(0), denial(1)]);
  const bad = detect.reload(loadRuleSet([{ file: 'r.yml', text: RULES.replace('gte: 3', 'gte: many') }]));
  assert.equal(bad.taken, false);
  assert.match(String(bad.refusals[0]), /^r\.yml:\d+:\d+: "gte" takes a number/);
  assert.deepEqual(findings(detect([denial(2)])), ['Three']);
});

test('what correlations remember goes from one run to the next by file, and a finding stays open', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'correlations.json');
  const options = { rules: loaded(RULES), ruleset: 'test', product: 'linux' } as const;
  const first = createDetect(options);
  first([denial(0), denial(1)]);
  saveState(path, first.snapshot());

  const saved = loadState(path);
  assert.ok(saved && 'state' in saved);
  const second = createDetect(options);
  assert.deepEqual(second.restore(saved.state), { restored: 1, leftOut: 0 });
  assert.deepEqual(findings(second([denial(2), denial(3)])), ['Three']);
  assert.deepEqual(readdirSync(folder), ['correlations.json']);
});

test('a state file that is cut, foreign or of another version is named and not used', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'detect-state-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'correlations.json');
  assert.equal(loadState(path), undefined);
  for (const text of [
    '{"version":1,"corr',
    '[]',
    '{"version":2,"correlations":[]}',
    '{"version":1,"correlations":[{"groups":3}]}',
    'null',
  ]) {
    writeFileSync(path, text);
    const saved = loadState(path);
    assert.ok(saved && 'problem' in saved, text);
    assert.match(saved.problem, /correlations\.json: .*windows begin empty$/);
  }
});
