/** Correlations over several rules: temporal, ordered, aliases, late events. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaded } from './asked.ts';
import { createCorrelator } from './correlate.ts';
import { at, base, COUNT_3, correlation, fired, START_S, TEMPORAL } from './correlate-words.ts';

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

test('with a number in the condition the evidence is of the steps that hold, not of a chain that is over', () => {
  const rules = loaded(
    `${base('a', 'b', 'c')}\n${correlation('type: temporal_ordered\nrules: [a, b, c]\ntimespan: 1m\ncondition: {gte: 2}')}`,
  );
  const correlator = createCorrelator(rules.correlations);
  const hitsOf = (name: string, second: number) => {
    const rule = rules.detections.find((one) => one.name === name);
    assert.ok(rule);
    return correlator.feed([{ rule, read: () => undefined }], second * 1000, `${name}${second}`);
  };
  for (const [name, second] of [
    ['a', 0],
    ['b', 1],
    ['c', 2],
    ['a', 300],
  ] as const)
    hitsOf(name, second);
  assert.deepEqual(
    hitsOf('b', 301).map(({ evidence }) => evidence),
    [['a300', 'b301']],
  );
});
