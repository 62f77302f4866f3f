/** Correlations, case by case from the correlation specification of Sigma 2.1 and the choices in docs/rules.md. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Fields, loaded, refusalsOf, verdicts } from './asked.ts';
import { createCorrelator, type Match } from './correlate.ts';
import { eventOf } from './json-event.ts';
import { createMatcher } from './matcher.ts';

const START_S = 1_767_225_600;

/** A base rule named after the value of field E that it matches. */
function base(...names: string[]): string {
  return names
    .map((name) => `title: ${name}\nname: ${name}\nlogsource: {}\ndetection: {s: {E: ${name}}, condition: s}`)
    .join('\n---\n');
}

function correlation(body: string, head = 'title: C'): string {
  return `---\n${head}\ncorrelation:\n${body.replace(/^/gm, '    ')}`;
}

/** An event at `second`, of type E. */
function at(second: number, type: string, fields: Fields = {}): Fields {
  return { '@timestamp': START_S + second, E: type, ...fields };
}

/** Indexes of the events on which a rule called `name` fired. */
function fired(rules: string, events: readonly Fields[], name = 'C'): number[] {
  return verdicts(rules, events).flatMap((found, index) => (found.includes(name) ? [index] : []));
}

const COUNT_3 = `${base('a')}\n${correlation('type: event_count\nrules: [a]\ngroup-by: [User]\ntimespan: 1m\ncondition: {gte: 3}')}`;

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

const TEMPORAL = `${base('a', 'b', 'c')}\n${correlation('type: temporal\nrules: [a, b, c]\ngroup-by: [U]\ntimespan: 5m')}`;

test('temporal wants every rule within the timespan, in any order', () => {
  const u = { U: 1 };
  assert.deepEqual(fired(TEMPORAL, [at(0, 'c', u), at(10, 'a', u), at(20, 'b', u)]), [2]);
  assert.deepEqual(fired(TEMPORAL, [at(0, 'c', u), at(10, 'a', u), at(20, 'a', u)]), []);
  assert.deepEqual(fired(TEMPORAL, [at(0, 'c', u), at(10, 'a', u), at(301, 'b', u)]), []);
  assert.deepEqual(fired(TEMPORAL, [at(0, 'c', u), at(10, 'a', { U: 2 }), at(20, 'b', u)]), []);
});

test('a condition of temporal counts different rules, or says which', () => {
  const u = { U: 1 };
  const two = `${base('a', 'b', 'c')}\n${correlation('type: temporal\nrules: [a, b, c]\ngroup-by: [U]\ntimespan: 5m\ncondition: {gte: 2}')}`;
  assert.deepEqual(fired(two, [at(0, 'c', u), at(1, 'c', u), at(2, 'a', u)]), [2]);
  const but = `${base('a', 'b', 'c')}\n${correlation('type: temporal\nrules: [a, b, c]\ngroup-by: [U]\ntimespan: 5m\ncondition: a and b and not c')}`;
  assert.deepEqual(fired(but, [at(0, 'a', u), at(1, 'b', u)]), [1]);
  assert.deepEqual(fired(but, [at(0, 'c', u), at(1, 'a', u), at(2, 'b', u), at(301, 'b', u)]), [3]);
  const named = `${base('a', 'b')}\n${correlation('type: temporal\ngroup-by: [U]\ntimespan: 5m\ncondition: a or b')}`;
  assert.deepEqual(fired(named, [at(0, 'b', u)]), [0]);
});

test('temporal_ordered wants the rules in their order, others may come between', () => {
  const rules = TEMPORAL.replace('type: temporal', 'type: temporal_ordered');
  const u = { U: 1 };
  assert.deepEqual(fired(rules, [at(0, 'a', u), at(10, 'b', u), at(20, 'c', u)]), [2]);
  assert.deepEqual(fired(rules, [at(0, 'a', u), at(10, 'c', u), at(20, 'b', u)]), []);
  assert.deepEqual(
    fired(rules, [at(0, 'a', u), at(5, 'a', u), at(10, 'b', u), at(15, 'a', u), at(20, 'c', u)]),
    [4],
  );
  assert.deepEqual(fired(rules, [at(0, 'a', u), at(200, 'b', u), at(301, 'c', u)]), []);
  // The first "a" is too old, the second is not.
  assert.deepEqual(fired(rules, [at(0, 'a', u), at(100, 'a', u), at(200, 'b', u), at(301, 'c', u)]), [3]);
  // A "b" alone does not begin anything anew.
  assert.deepEqual(fired(rules, [at(0, 'a', u), at(1, 'b', u), at(250, 'b', u), at(301, 'c', u)]), []);
});

test('events of one time keep the order in which they came', () => {
  const rules = TEMPORAL.replace('type: temporal', 'type: temporal_ordered');
  const u = { U: 1 };
  assert.deepEqual(fired(rules, [at(0, 'a', u), at(0, 'b', u), at(0, 'c', u)]), [2]);
  assert.deepEqual(fired(rules, [at(0, 'b', u), at(0, 'a', u), at(0, 'c', u)]), []);
});

test('one event is never two steps of an order, but it is two rules of a temporal proximity', () => {
  const both = `${base('a')}
---
title: also a
name: also
logsource: {}
detection: {s: {E: a}, condition: s}
`;
  const body = 'rules: [a, also]\ngroup-by: [U]\ntimespan: 5m';
  const u = { U: 1 };
  assert.deepEqual(
    fired(`${both}${correlation(`type: temporal_ordered\n${body}`)}`, [at(0, 'a', u), at(1, 'a', u)]),
    [1],
  );
  assert.deepEqual(fired(`${both}${correlation(`type: temporal\n${body}`)}`, [at(0, 'a', u)]), [0]);
});

test('aliases group events whose fields have different names', () => {
  const rules = `title: e
name: internal_error
logsource: {}
detection: {s: {http.response.status_code: 500}, condition: s}
---
title: n
name: new_network_connection
logsource: {}
detection: {s: {event.type: connection}, condition: s}
${correlation(`type: temporal
rules: [internal_error, new_network_connection]
group-by: [internal_ip, remote_ip]
timespan: 10s
aliases:
    internal_ip: {internal_error: destination.ip, new_network_connection: source.ip}
    remote_ip: {internal_error: source.ip, new_network_connection: destination.ip}`)}`;
  const error = {
    '@timestamp': START_S,
    'http.response.status_code': 500,
    'destination.ip': 'in',
    'source.ip': 'out',
  };
  const back = {
    '@timestamp': START_S + 5,
    'event.type': 'connection',
    'source.ip': 'in',
    'destination.ip': 'out',
  };
  assert.deepEqual(fired(rules, [error, back]), [1]);
  assert.deepEqual(fired(rules, [error, { ...back, 'destination.ip': 'elsewhere' }]), []);
});

test('correlations chain: many failures and then a success, written outermost first', () => {
  const rules = `title: Failures then success
id: outer
correlation:
    type: temporal_ordered
    rules: [many, ok]
    group-by: [User]
    timespan: 10m
---
title: Many
name: many
correlation:
    type: event_count
    rules: [fail]
    group-by: [User]
    timespan: 10m
    condition: {gte: 10}
---
${base('fail', 'ok')}`;
  const u = { User: 'x' };
  const failures = Array.from({ length: 10 }, (_, second) => at(second, 'fail', u));
  assert.deepEqual(verdicts(rules, [...failures, at(60, 'ok', u)]).flat(), ['outer']);
  assert.deepEqual(fired(rules, [...failures.slice(1), at(60, 'ok', u)], 'outer'), []);
  assert.deepEqual(fired(rules, [...failures, at(60, 'ok', { User: 'y' })], 'outer'), []);
  // The failures go on: the last time they were many counts, not only the first.
  const more = Array.from({ length: 20 }, (_, index) => at(70 * (index + 1), 'fail', u));
  assert.equal(fired(rules, [...failures, ...more, at(20 * 70 + 30, 'ok', u)], 'outer').length, 0);
  const dense = Array.from({ length: 120 }, (_, index) => at(10 * (index + 1), 'fail', u));
  assert.equal(fired(rules, [...failures, ...dense, at(20 * 60 + 30, 'ok', u)], 'outer').length, 1);
});

test('a chain may regroup: the inner groups by host, the outer by the user of the event that completed it', () => {
  const rules = `${base('fail', 'ok')}
${correlation('type: event_count\nrules: [fail]\ngroup-by: [Host]\ntimespan: 10m\ncondition: {gte: 2}', 'title: Many\nname: many')}
${correlation('type: temporal_ordered\nrules: [many, ok]\ngroup-by: [User]\ntimespan: 1h')}`;
  const fail = (second: number, User: string) => at(second, 'fail', { Host: 'h', User });
  assert.deepEqual(fired(rules, [fail(0, 'x'), fail(1, 'y'), at(2, 'ok', { User: 'y' })]), [2]);
  assert.deepEqual(fired(rules, [fail(0, 'x'), fail(1, 'y'), at(2, 'ok', { User: 'x' })]), []);
});

test('a counting outer correlation takes each window of the inner one once', () => {
  const rules = `${base('a')}
${correlation('type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: 10s\ncondition: {gte: 2}', 'title: I\nname: inner')}
${correlation('type: event_count\nrules: [inner]\ngroup-by: [U]\ntimespan: 1h\ncondition: {gte: 2}')}`;
  const seconds = [0, 1, 2, 3, 4, 100, 101];
  assert.deepEqual(
    fired(
      rules,
      seconds.map((second) => at(second, 'a', { U: 1 })),
    ),
    [6],
  );
});

test('rules that feed a correlation are silent unless it says generate', () => {
  const rules = (generate: string) =>
    `${base('a')}\n${correlation(`type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: 1m\ncondition: {gte: 2}${generate}`)}`;
  const events = [at(0, 'a', { U: 1 }), at(1, 'a', { U: 1 })];
  assert.deepEqual(verdicts(rules(''), events), [[], ['C']]);
  assert.deepEqual(verdicts(rules('\ngenerate: false'), events), [[], ['C']]);
  assert.deepEqual(verdicts(rules('\ngenerate: true'), events), [['a'], ['a', 'C']]);
  assert.deepEqual(verdicts(`${rules('')}\ngenerate: true`, events), [['a'], ['a', 'C']]);
});

test('a late event is put where its time belongs and can complete a window that ended before', () => {
  const u = { U: 1 };
  const count = `${base('a')}\n${correlation('type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: 10s\ncondition: {gte: 3}')}`;
  assert.deepEqual(fired(count, [at(0, 'a', u), at(8, 'a', u), at(16, 'a', u), at(7, 'a', u)]), [3]);
  assert.deepEqual(fired(count, [at(0, 'a', u), at(8, 'a', u), at(19, 'a', u), at(7, 'a', u)]), []);
  const ordered = TEMPORAL.replace('type: temporal', 'type: temporal_ordered');
  assert.deepEqual(fired(ordered, [at(0, 'a', u), at(20, 'c', u), at(10, 'b', u)]), [2]);
  assert.deepEqual(fired(ordered, [at(0, 'a', u), at(20, 'c', u), at(30, 'b', u)]), []);
});

test('an event without a time happened when the one before it did', () => {
  const events = [
    { E: 'a', User: 'x' },
    { E: 'a', User: 'x' },
    { E: 'a', User: 'x' },
  ];
  assert.deepEqual(fired(COUNT_3, events), [2]);
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
  assert.equal(correlator.inspect(rules.correlations[0]?.rule as never, ['kept'])?.value, 3);
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

test('a correlation that must be refused is refused with file, line and mend', () => {
  const of = (body: string) => `${base('a', 'b')}\n${correlation(body)}`;
  const tail = 'group-by: [U]\ntimespan: 1m';
  const rows: readonly (readonly [string, RegExp])[] = [
    [
      of(`type: event_cound\nrules: [a]\n${tail}\ncondition: {gte: 1}`),
      /unknown correlation type "event_cound"; did you mean "event_count"\?/,
    ],
    [of(`rules: [a]\n${tail}\ncondition: {gte: 1}`), /"type" is missing/],
    [of(`type: event_count\n${tail}\ncondition: {gte: 1}`), /"rules" is missing/],
    [of(`type: event_count\nrules: []\n${tail}\ncondition: {gte: 1}`), /"rules" is empty/],
    [
      of(`type: event_count\nrules: [x]\n${tail}\ncondition: {gte: 1}`),
      /:14:13: no rule has the id or name "x"/,
    ],
    [of(`type: event_count\nrules: [a, a]\n${tail}\ncondition: {gte: 1}`), /stands twice/],
    [of(`type: event_count\nrules: [a]\n${tail}`), /needs a condition/],
    [of(`type: event_count\nrules: [a]\n${tail}\ncondition: {}`), /compares with nothing/],
    [of(`type: event_count\nrules: [a]\n${tail}\ncondition: {gte: many}`), /"gte" takes a number/],
    [
      of(`type: event_count\nrules: [a]\n${tail}\ncondition: {ge: 1}`),
      /unknown key "ge" in the condition; did you mean "gte"\?|did you mean/,
    ],
    [
      of(`type: event_count\nrules: [a]\n${tail}\ncondition: {gte: 1, field: U}`),
      /event_count correlation has no "field"/,
    ],
    [of(`type: value_count\nrules: [a]\n${tail}\ncondition: {gte: 1}`), /needs "field"/],
    [of(`type: value_sum\nrules: [a]\n${tail}\ncondition: {gte: 1, field: [A, B]}`), /takes one field/],
    [
      of(`type: value_sum\nrules: [a]\n${tail}\ncondition: {gte: 1, field: A, percentile: 5}`),
      /"percentile" belongs to value_percentile/,
    ],
    [
      of(`type: value_percentile\nrules: [a]\n${tail}\ncondition: {gte: 1, field: A, percentile: 101}`),
      /from 0 to 100/,
    ],
    [of('type: event_count\nrules: [a]\ngroup-by: [U]\ncondition: {gte: 1}'), /"timespan" is missing/],
    ...['10', '0m', 'm', '5x', '-5m', '1.5h', '1H', '1m30s'].map(
      (timespan) =>
        [
          of(`type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: '${timespan}'\ncondition: {gte: 1}`),
          /is no number followed by/,
        ] as const,
    ),
    [
      of('type: event_count\nrules: [a]\ngroup-by: [U]\ntimespan: 400d\ncondition: {gte: 1}'),
      /longer than a year/,
    ],
    [of(`type: event_count\nrules: [a]\n${tail}\ncondition: a and b`), /as text only for type temporal/],
    [of(`type: temporal\nrules: [a, b]\n${tail}\ncondition: a and x`), /names "x", which is not in "rules"/],
    [of(`type: temporal\nrules: [a, b]\n${tail}\ncondition: a and`), /ends where a rule must follow/],
    [of(`type: temporal\nrules: [a, b]\n${tail}\naliases: {x: {zz: f}}`), /alias "x" names "zz"/],
    [
      of('type: temporal\nrules: [a, b]\ngroup-by: [x]\ntimespan: 1m\naliases: {x: {a: f}}'),
      /alias "x" has no field for "b"/,
    ],
    [
      of(`type: event_count\nrules: [a]\n${tail}\ncondition: {gte: 1}\ngenerate: maybe`),
      /"generate" is true or false/,
    ],
  ];
  for (const [text, cause] of rows) {
    const lines = refusalsOf(text);
    assert.equal(lines.length, 1, `${text}\n${lines.join('\n')}`);
    assert.match(lines[0] ?? '', cause, text);
    assert.match(lines[0] ?? '', /^rule\.yml:\d+:\d+: /);
  }
});

test('correlations in a circle are refused, each one, and the others are not', () => {
  const one = (name: string, refersTo: string) =>
    correlation(
      `type: event_count\nrules: [${refersTo}]\ngroup-by: [U]\ntimespan: 1m\ncondition: {gte: 1}`,
      `title: ${name}\nname: ${name}`,
    );
  const text = `${base('a')}\n${one('x', 'y')}\n${one('y', 'z')}\n${one('z', 'x')}\n${one('self', 'self')}\n${one('good', 'a')}\n${one('late', 'x')}`;
  const lines = refusalsOf(text);
  assert.equal(lines.length, 5, lines.join('\n'));
  assert.equal(lines.filter((line) => /circle/.test(line)).length, 4);
  assert.ok(lines.some((line) => /"x" .* was refused/.test(line)));
});

test('a correlation whose rule was refused is refused and names it', () => {
  const text = `title: bad\nname: bad\nlogsource: {}\ndetection: {s: {A|no: 1}, condition: s}\n${correlation('type: event_count\nrules: [bad]\ngroup-by: [U]\ntimespan: 1m\ncondition: {gte: 1}')}`;
  assert.match(refusalsOf(text)[1] ?? '', /no rule has the id or name "bad"/);
});
