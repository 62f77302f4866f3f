/** What correlations remember: bounded, and the same after a restart. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaded } from './asked.ts';
import { createCorrelator, type Match } from './correlate.ts';
import { COUNT_3, correlation } from './correlate-words.ts';
import { keptText } from './measure.ts';

test('groups past the limit go, the one touched longest ago first, and are counted', () => {
  const rules = loaded(COUNT_3);
  const correlator = createCorrelator(rules.correlations, { maxGroups: 100 });
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
  const correlator = createCorrelator(rules.correlations, { maxGroups: 100 });
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
  assert.deepEqual(after.restore(JSON.parse(saved)), { restored: 1, leftOut: 0 });
  const third = createCorrelator(rules.correlations);
  third.restore(JSON.parse(saved));
  const hits = third.feed([match], 2000, 'u2');
  assert.deepEqual(
    hits.map((hit) => hit.evidence),
    [['u0', 'u1', 'u2']],
  );
  if (hits[0]) hits[0].ticket.findingUid = 'finding-1';

  const fourth = createCorrelator(rules.correlations);
  fourth.restore(JSON.parse(JSON.stringify(third.snapshot())));
  assert.deepEqual(fourth.feed([match], 3000, 'u3'), []);
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

test('entries of all groups together are bounded: groups of the correlation that has most go, oldest first', () => {
  const rules = loaded(COUNT_3.replace('{gte: 3}', '{gte: 1000}'));
  const correlator = createCorrelator(rules.correlations, { maxEntries: 1_000 });
  const rule = rules.detections[0];
  assert.ok(rule);
  const sizeOf = (user: string) =>
    correlator.inspect(rules.correlations[0]?.rule as never, [keptText('User', user)])?.entries.length ?? 0;
  let number = 0;
  for (let user = 0; user < 30; user += 1)
    for (let event = 0; event < 100; event += 1) {
      number += 1;
      correlator.feed([{ rule, read: () => `user-${user}` }], number, `uid-${number}`);
      const kept = Array.from({ length: 30 }, (_, one) => sizeOf(`user-${one}`));
      assert.ok(kept.reduce((sum, size) => sum + size, 0) <= 1_000);
    }
  assert.equal(sizeOf('user-29'), 100);
  assert.equal(sizeOf('user-19'), 0);
  assert.equal(correlator.counts().evictedGroups, 20);
  assert.equal(correlator.counts().groups, 10);
});

test('text made a piece at a time is that of the moment it was begun, whatever comes between', () => {
  const rules = loaded(
    `${COUNT_3}\n${correlation('type: value_count\nrules: [a]\ngroup-by: [User]\ntimespan: 1m\ncondition: {field: V, gte: 2}', 'title: D')}`,
  );
  const rule = rules.detections[0];
  assert.ok(rule);
  const begun = () => {
    const correlator = createCorrelator(rules.correlations, { maxGroups: 60 });
    let number = 0;
    const feed = (user: string, timeMs: number) => {
      number += 1;
      const read = (field: string) => (field === 'User' ? user : number);
      const hits = correlator.feed([{ rule, read }], timeMs, `uid-${number}`);
      for (const { ticket } of hits) ticket.findingUid = `finding-${number}`;
    };
    for (let index = 0; index < 90; index += 1) feed(`user-${index % 30}`, index);
    return { correlator, feed };
  };
  const expected = JSON.stringify(begun().correlator.snapshot());
  // Fed before piece after piece: those written already, those not written yet, new ones that push others out, and
  // closing what is open.
  for (const every of [1, 2, 7]) {
    const { correlator, feed } = begun();
    const pieces: string[] = [];
    for (const piece of correlator.snapshotText()) {
      pieces.push(piece);
      if (pieces.length % every !== 0) continue;
      feed(`user-${(pieces.length * 7) % 30}`, 200 + pieces.length);
      feed(`new-${pieces.length}`, 200 + pieces.length);
      if (pieces.length === 14) correlator.close(1_000_000);
    }
    assert.equal(pieces.join(''), expected, `every ${every}`);
    assert.notEqual(JSON.stringify(correlator.snapshot()), expected);
  }
  assert.ok(expected.includes('finding-'), 'no finding is open');
});
