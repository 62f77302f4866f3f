/** Correlations that count: events, values, sums, averages, percentiles. From the specification and docs/rules.md. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loaded } from './asked.ts';
import { createCorrelator } from './correlate.ts';
import { at, base, COUNT_3, correlation, fired } from './correlate-words.ts';
import { eventOf } from './json-event.ts';
import { createMatcher } from './matcher.ts';
import type { CorrelationRule } from './rule.ts';
import { MAX_SORTED_ENTRIES } from './window.ts';

test('event_count fires when the count is reached within the timespan, for each group by itself', () => {
  const user = (second: number, name: string) => at(second, 'a', { User: name });
  assert.deepEqual(fired(COUNT_3, [user(0, 'x'), user(1, 'x'), user(2, 'y'), user(3, 'x')]), [3]);
  assert.deepEqual(fired(COUNT_3, [user(0, 'x'), user(1, 'y'), user(2, 'x'), user(3, 'y')]), []);
});

test('the window slides with the events: it is not cut at full minutes', () => {
  const events = [at(50, 'a', { User: 'x' }), at(59, 'a', { User: 'x' }), at(109, 'a', { User: 'x' })];
  assert.deepEqual(fired(COUNT_3, events), [2]);
});

test('exactly the timespan apart is within the window, a millisecond more is not', () => {
  const user = (second: number) => at(second, 'a', { User: 'x' });
  assert.deepEqual(fired(COUNT_3, [user(0), user(30), user(60)]), [2]);
  assert.deepEqual(fired(COUNT_3, [user(0), user(30), user(60.001)]), []);
});

test('a group gives one finding for a window, and another only for a window that ends more than a timespan later', () => {
  const user = (second: number) => at(second, 'a', { User: 'x' });
  const events = [0, 1, 2, 3, 20, 40, 62, 62.001, 63, 64].map(user);
  assert.deepEqual(fired(COUNT_3, events), [2, 7]);
});

test('events without a group-by field are counted in no group', () => {
  const events = [at(0, 'a'), at(1, 'a'), at(2, 'a'), at(3, 'a', { User: null })];
  assert.deepEqual(fired(COUNT_3, events), []);
});

test('without group-by there is one group', () => {
  const rules = `${base('a')}\n${correlation('type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {gte: 2}')}`;
  assert.deepEqual(fired(rules, [at(0, 'a', { User: 'x' }), at(1, 'a', { User: 'y' })]), [1]);
});

test('several group-by fields are one pair: the values must agree in all', () => {
  const rules = `${base('a')}\n${correlation('type: event_count\nrules: [a]\ngroup-by: [U, H]\ntimespan: 1m\ncondition: {gte: 2}')}`;
  const events = [
    at(0, 'a', { U: 'x', H: '1' }),
    at(1, 'a', { U: 'x', H: '2' }),
    at(2, 'a', { U: 'x', H: 1 }),
  ];
  assert.deepEqual(fired(rules, events), [2]);
});

test('every operator is asked at each event with the count so far; two make a range', () => {
  const rows: readonly (readonly [condition: string, expected: number[]])[] = [
    ['{gt: 2}', [2]],
    ['{gte: 2}', [1]],
    ['{lt: 2}', [0]],
    ['{lte: 1}', [0]],
    ['{eq: 3}', [2]],
    ['{neq: 1}', [1]],
    ['{gt: 1, lte: 3}', [1]],
    ['{gt: 3, lte: 4}', [3]],
    ['{gt: 9, lt: 20}', []],
  ];
  for (const [condition, expected] of rows) {
    const rules = `${base('a')}\n${correlation(`type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: 1h\ncondition: ${condition}`)}`;
    const events = [0, 1, 2, 3].map((second) => at(second, 'a', { U: 1 }));
    assert.deepEqual(fired(rules, events), expected, condition);
  }
});

test('event_count over several rules counts an event once that matches more than one of them', () => {
  const rules = `${base('a')}
---
title: also a
name: also
logsource: {}
detection: {s: {E: a}, condition: s}
${correlation('type: event_count\nrules: [a, also]\ngroup-by: [U]\ntimespan: 1m\ncondition: {gte: 2}')}`;
  assert.deepEqual(fired(rules, [at(0, 'a', { U: 1 }), at(1, 'a', { U: 1 })]), [1]);
});

test('value_count counts different values, of one field or of several together', () => {
  const one = `${base('a')}\n${correlation('type: value_count\nrules: [a]\ngroup-by: [H]\ntimespan: 1m\ncondition: {field: U, gte: 3}')}`;
  const users = ['x', 'x', 'y', 'y', 'z'].map((U, second) => at(second, 'a', { H: 1, U }));
  assert.deepEqual(fired(one, users), [4]);
  assert.deepEqual(
    fired(
      one,
      [1, '1', 2, null, 3].map((U, second) => at(second, 'a', { H: 1, U })),
    ),
    [4],
  );

  const two = `${base('a')}\n${correlation('type: value_count\nrules: [a]\ngroup-by: [H]\ntimespan: 1m\ncondition: {field: [U, P], gte: 3}')}`;
  const pairs = [
    ['x', 1],
    ['x', 2],
    ['x', 1],
    ['y', 1],
  ].map(([U, P], second) => at(second, 'a', { H: 1, U, P }));
  assert.deepEqual(fired(two, pairs), [3]);
  assert.deepEqual(
    fired(
      two,
      [0, 1, 2].map((second) => at(second, 'a', { H: 1, U: second })),
    ),
    [],
  );
});

test('a value that left the window no longer counts as a different one', () => {
  const rules = `${base('a')}\n${correlation('type: value_count\nrules: [a]\ngroup-by: [H]\ntimespan: 10s\ncondition: {field: U, gte: 3}')}`;
  const events = [
    at(0, 'a', { H: 1, U: 'x' }),
    at(6, 'a', { H: 1, U: 'y' }),
    at(12, 'a', { H: 1, U: 'z' }),
    at(13, 'a', { H: 1, U: 'x' }),
  ];
  assert.deepEqual(fired(rules, events), [3]);
});

test('value_sum, value_avg and value_median measure a number field and pass over what is no number', () => {
  const rules = (type: string, condition: string) =>
    `${base('a')}\n${correlation(`type: ${type}\nrules: [a]\ngroup-by: [H]\ntimespan: 1h\ncondition: {field: B, ${condition}}`)}`;
  const bytes = (...values: unknown[]) => values.map((B, second) => at(second, 'a', { H: 1, B }));
  assert.deepEqual(fired(rules('value_sum', 'gt: 1000'), bytes(400, '600', 'many', null, 1)), [4]);
  assert.deepEqual(
    fired(rules('value_sum', 'gt: 0.3'), bytes(0.1, 0.2, 0.05)),
    [1].filter(() => 0.1 + 0.2 > 0.3),
  );
  assert.deepEqual(fired(rules('value_avg', 'gt: 500'), bytes(100, 200, 1300)), [2]);
  assert.deepEqual(fired(rules('value_median', 'gte: 5'), bytes(1, 9, 2, 9)), [1]);
  assert.deepEqual(fired(rules('value_median', 'gt: 5'), bytes(1, 9, 2, 9, 9)), [3]);
  assert.deepEqual(fired(rules('value_percentile', 'percentile: 50, gt: 5'), bytes(1, 9, 2, 9, 9)), [3]);
  assert.deepEqual(
    fired(
      rules('value_percentile', 'percentile: 95, gte: 95'),
      bytes(...Array.from({ length: 101 }, (_, i) => i)),
    ),
    [100],
  );
});

test('a sum falls again when values leave the window', () => {
  const rules = `${base('a')}\n${correlation('type: value_sum\nrules: [a]\ngroup-by: [H]\ntimespan: 10s\ncondition: {field: B, gte: 100}')}`;
  const bytes = (second: number, B: number) => at(second, 'a', { H: 1, B });
  assert.deepEqual(fired(rules, [bytes(0, 60), bytes(11, 60), bytes(12, 30), bytes(13, 10)]), [3]);
});

test('value_percentile without a percentile ranks the newest value: a number by order, a text by how often it came', () => {
  const rules = `${base('a')}\n${correlation('type: value_percentile\nrules: [a]\ngroup-by: [H]\ntimespan: 1h\ncondition: {field: image, lte: 10}')}`;
  const images = [...Array.from({ length: 10 }, () => 'common'), 'rare', 'common'];
  assert.deepEqual(
    fired(
      rules,
      images.map((image, second) => at(second, 'a', { H: 1, image })),
    ),
    [10],
  );
  const numbers = [...Array.from({ length: 10 }, (_, index) => 100 + index), 5];
  assert.deepEqual(
    fired(
      rules,
      numbers.map((image, second) => at(second, 'a', { H: 1, image })),
    ),
    [10],
  );
});

test('timespans in seconds, minutes, hours and days are what they say', () => {
  for (const [timespan, seconds] of [
    ['30s', 30],
    ['2m', 120],
    ['3h', 10_800],
    ['1d', 86_400],
    ['1w', 604_800],
  ] as const) {
    const rules = COUNT_3.replace('1m', timespan).replace('gte: 3', 'gte: 2');
    const user = (second: number) => at(second, 'a', { User: 'x' });
    assert.deepEqual(fired(rules, [user(0), user(seconds)]), [1], timespan);
    assert.deepEqual(fired(rules, [user(0), user(seconds + 1)]), [], timespan);
  }
});

test('a count in a sliding window equals a count by hand, also when events come late', () => {
  const step = fc.record({ delta: fc.integer({ min: -6, max: 8 }), group: fc.constantFrom('p', 'q') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const span = 10;
      const rules = loaded(
        `${base('a')}\n${correlation(`type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: ${span}s\ncondition: {gte: 3}`)}`,
      );
      const matcher = createMatcher(rules, 'every rule');
      let now = 100;
      const seen: { time: number; group: string }[] = [];
      const openedAt = new Map<string, number>();
      for (const { delta, group } of steps) {
        const time = now + delta;
        now = Math.max(now, time);
        const event = at(time, 'a', { U: group });
        const found = matcher.match(eventOf(event, 'e', 1)).length > 0;
        const own = seen.filter((one) => one.group === group);
        const newest = Math.max(...own.map((one) => one.time), Number.NEGATIVE_INFINITY);
        let expected = false;
        if (time >= newest - span) {
          seen.push({ time, group });
          const times = [...own.map((one) => one.time), time];
          const ends = times.filter((end) => end >= time && end - time <= span).sort((x, y) => x - y);
          // Only windows over what is still kept: two timespans back from the newest.
          const kept = times.filter((one) => one >= Math.max(newest, time) - 2 * span);
          const end = ends.find(
            (one) => kept.filter((other) => other <= one && other >= one - span).length >= 3,
          );
          const opened = openedAt.get(group);
          if (end !== undefined && (opened === undefined || Math.abs(end - opened) > span)) {
            expected = true;
            openedAt.set(group, end);
          }
        }
        assert.equal(found, expected, JSON.stringify({ time, group, seen }));
      }
    }),
    { numRuns: 500 },
  );
});

test('an event that several rules match counts once in each group it belongs to, whichever of them knows the group', () => {
  const rules = `${base('a').replace('E: a', 'A: 1')}\n---\n${base('b').replace('E: b', 'B: 1')}\n${correlation(
    'type: event_count\nrules: [a, b]\ngroup-by: [who]\naliases: {who: {a: User, b: Account}}\ntimespan: 1m\ncondition: {gte: 2}',
  )}`;
  const both = (second: number, fields: Record<string, unknown>) => at(second, '', { A: 1, B: 1, ...fields });
  assert.deepEqual(fired(rules, [both(0, { Account: 'x' }), both(1, { Account: 'x' })]), [1]);
  assert.deepEqual(
    fired(rules, [both(0, { User: 'x', Account: 'y' }), at(1, '', { B: 1, Account: 'y' })]),
    [1],
  );
  assert.deepEqual(fired(rules, [both(0, { User: 'x', Account: 'x' })]), []);
});

/** Matches of one rule of a correlation with one group, fed as fast as they come. */
function feeding(body: string, limits = {}) {
  const rules = loaded(`${base('a')}\n${correlation(body)}`);
  const correlator = createCorrelator(rules.correlations, limits);
  const [rule] = rules.detections;
  assert.ok(rule);
  let number = 0;
  return {
    correlator,
    window: () => correlator.inspect(rules.correlations[0]?.rule as CorrelationRule, []),
    feed(timeMs: number, fields: Record<string, unknown> = {}) {
      number += 1;
      return correlator.feed([{ rule, read: (field) => fields[field] }], timeMs, `uid-${number}`);
    },
  };
}

test('a sum and a count go past the entries that a group keeps: neighbours become one', () => {
  const sum = feeding('type: value_sum\nrules: [a]\ntimespan: 10m\ncondition: {field: v, gte: 250000}');
  const count = feeding('type: event_count\nrules: [a]\ntimespan: 10m\ncondition: {gte: 25000}');
  for (const { feed, correlator } of [sum, count]) {
    const hits: number[] = [];
    for (let event = 1; event <= 25_000; event += 1) if (feed(event, { v: 10 }).length > 0) hits.push(event);
    assert.deepEqual(hits, [25_000]);
    assert.equal(correlator.counts().droppedEntries, 0);
  }
  // What has left the window is taken off again.
  assert.equal(count.feed(25_000 + 600_001).length, 0);
  const [hit] = sum.feed(2_000_000, { v: 250_000 });
  assert.equal(hit?.value, 250_000);
});

test('of other measures the oldest of more than 10,000 entries goes, and is counted', () => {
  const { feed, correlator } = feeding(
    'type: value_count\nrules: [a]\ntimespan: 10m\ncondition: {field: v, gte: 10001}',
  );
  for (let event = 0; event < 10_001; event += 1) assert.equal(feed(event, { v: event }).length, 0);
  assert.equal(correlator.counts().droppedEntries, 1);
});

test('in a large group a late event counts from when it came, in a small one from its time', () => {
  for (const [size, expected] of [
    [10, 0],
    [MAX_SORTED_ENTRIES, 1],
  ] as const) {
    const { feed, correlator, window } = feeding(
      `type: event_count\nrules: [a]\ntimespan: 1m\ncondition: {gte: ${size + 1}}`,
    );
    for (let event = 0; event < size; event += 1) assert.equal(feed(100_000).length, 0);
    // A minute before the others: with them at its own time, and no more of the window of what comes next.
    feed(40_000);
    assert.equal(correlator.counts().lateMatches, 0);
    const times = window()?.entries.map(({ timeMs }) => timeMs) ?? [];
    assert.equal(times.length, size + 1);
    assert.equal(times.filter((timeMs) => timeMs === 100_000).length, size + expected);
  }
});
