/** Correlations of correlations, and which rules stay silent. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdicts } from './asked.ts';
import { at, base, correlation, fired } from './correlate-words.ts';

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
