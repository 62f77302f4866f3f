/** What correlations remember: bounded, and the same after a restart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaded } from './asked.ts';
import { createCorrelator, type Match } from './correlate.ts';
import { COUNT_3 } from './correlate-words.ts';
import { keptText } from './measure.ts';

test('groups past the limit go, the one touched longest ago first, and are counted', () => {
  const rules = loaded(COUNT_3);
  const correlator = createCorrelator(rules.correlations, 100);
  const rule = rules.detections[0];
  assert.ok(rule);
  const feed = (user: string, timeMs: number) => {
    const match: Match = { rule, read: (field) => (field === 'User' ? user : undefined) };
    return correlator.feed([match], timeMs, `uid-${user}-${timeMs}`);
  };
  feed('kept', 0);
  feed('kept', 1);
  for (let index = 0; index < 99; index += 1) feed(`other-${index}`, 2);
  feed('kept', 3);
  for (let index = 0; index < 50; index += 1) feed(`more-${index}`, 4);
  assert.deepEqual(correlator.counts(), {
    groups: 100,
    evictedGroups: 50,
    droppedEntries: 0,
    lateMatches: 0,
    ungroupedMatches: 0,
  });
  // "kept" was touched late, so it is still there with its three events and its open finding.
  assert.equal(
    correlator.inspect(rules.correlations[0]?.rule as never, [keptText('User', 'kept')])?.value,
    3,
  );
});

test('groups that no window can reach any more go without being counted as evicted', () => {
  const rules = loaded(COUNT_3);
  const correlator = createCorrelator(rules.correlations, 100);
  const rule = rules.detections[0];
  assert.ok(rule);
  for (let index = 0; index < 1000; index += 1)
    correlator.feed([{ rule, read: () => `user-${index}` }], index * 60_000, `uid-${index}`);
  const counts = correlator.counts();
  assert.equal(counts.evictedGroups, 0);
  assert.ok(counts.groups <= 3, String(counts.groups));
});

test('state survives a restart: a count begun before goes on, an open finding stays open', () => {
  const rules = loaded(COUNT_3);
  const rule = rules.detections[0];
  assert.ok(rule);
  const match: Match = { rule, read: () => 'x' };
  const before = createCorrelator(rules.correlations);
  before.feed([match], 0, 'u0');
  before.feed([match], 1000, 'u1');
  const saved = JSON.stringify(before.snapshot());

  const after = createCorrelator(loaded(COUNT_3).correlations);
  const other = { ...match, rule: after === undefined ? rule : rule };
  assert.deepEqual(after.restore(JSON.parse(saved)), { restored: 1, leftOut: 0 });
  const third = createCorrelator(rules.correlations);
  third.restore(JSON.parse(saved));
  const hits = third.feed([other], 2000, 'u2');
  assert.deepEqual(
    hits.map((hit) => hit.evidence),
    [['u0', 'u1', 'u2']],
  );
  if (hits[0]) hits[0].ticket.findingUid = 'finding-1';

  const fourth = createCorrelator(rules.correlations);
  fourth.restore(JSON.parse(JSON.stringify(third.snapshot())));
  assert.deepEqual(fourth.feed([other], 3000, 'u3'), []);
  assert.deepEqual(
    fourth.close(200_000).map(({ findingUid, count }) => [findingUid, count]),
    [['finding-1', 2]],
  );
});

test('state of a correlation that was changed since is left out and said so', () => {
  const before = createCorrelator(loaded(COUNT_3).correlations);
  const rules = loaded(COUNT_3);
  const rule = rules.detections[0];
  assert.ok(rule);
  const own = createCorrelator(rules.correlations);
  own.feed([{ rule, read: () => 'x' }], 0, 'u');
  const changed = createCorrelator(loaded(COUNT_3.replace('1m', '2m')).correlations);
  assert.deepEqual(changed.restore(own.snapshot()), { restored: 0, leftOut: 1 });
  assert.equal(before.counts().groups, 0);
});
