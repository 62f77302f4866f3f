/** The index never changes a verdict: engine with index, engine without, and the plain reading of explain agree. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archiveOfOthers, unpackedRules } from '../../test/bench/sigmahq.ts';
import { createEngine } from './engine.ts';
import { explain } from './explain.ts';
import { loadRuleSet } from './load.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';
import type { DetectionRule } from './rule.ts';
import { hits, nearMisses, type SampleEvent } from './sample.ts';
import { FieldTable, JsonSource, View } from './view.ts';

/** Compares the three opinions on every sample of every rule; returns how many events were looked at and matched. */
function compare(
  rules: readonly DetectionRule[],
  samplesOf: (rule: DetectionRule) => readonly SampleEvent[] = everySample,
): {
  events: number;
  matched: number;
  silent: DetectionRule[];
} {
  const engine = createEngine(rules);
  const route = engine.route(undefined);
  const view = new View();
  const json = new JsonSource(engine.fields);
  let events = 0;
  let matched = 0;
  const silent: DetectionRule[] = [];
  for (const rule of rules) {
    let own = 0;
    for (const event of samplesOf(rule)) {
      view.show(json.of(event));
      const indexed = engine.match(view, route);
      events += 1;
      if (indexed.includes(rule)) own += 1;
      assert.equal(
        indexed.includes(rule),
        explained(rule, event),
        `${rule.title} (${rule.file}) on ${JSON.stringify(event)}: engine and explain differ`,
      );
      // Every rule of the set on every event would be quadratic: one event in eight is enough for the others.
      if (events % othersEvery(rules) === 0)
        assert.deepEqual(
          indexed.map(({ title }) => title),
          engine.matchPlainly(view, route).map(({ title }) => title),
          `index and no index differ on ${JSON.stringify(event)}`,
        );
    }
    matched += own;
    if (own === 0) silent.push(rule);
  }
  return { events, matched, silent };
}

function everySample({ expression }: DetectionRule): SampleEvent[] {
  return [...hits(expression), ...nearMisses(expression)];
}

/** Of a rule's samples a few, evenly from all. */
function fewSamples(rule: DetectionRule): SampleEvent[] {
  const all = everySample(rule);
  const step = Math.ceil(all.length / 12);
  return all.filter((_, index) => index % step === 0);
}

/** Events after which all other rules are asked too: the more rules, the seldomer. */
function othersEvery(rules: readonly DetectionRule[]): number {
  return Math.max(8, Math.ceil(rules.length / 30));
}

function explained(rule: DetectionRule, event: SampleEvent): boolean {
  const fields = new FieldTable();
  const source = new JsonSource(fields).of(event);
  const view = new View();
  view.show(source);
  return explain(rule.expression, {
    read: (field) => source.read(fields.number(field)),
    texts: () => view.leaves(),
  }).holds;
}

test('on hits and near misses of every built-in rule the index changes no verdict', () => {
  const { detections } = loadRuleSet(readRuleFiles(builtinRules()), readPlaceholders(builtinRules()));
  const { silent } = compare(detections);
  // Events are made from a rule's own values; of a regular expression not every time one that it matches.
  const tested = silent.filter(({ expression }) => !JSON.stringify(expression).includes('"regex"'));
  assert.deepEqual(
    tested.map(({ title }) => title),
    [],
    'rules for which no matching event could be made',
  );
});

const archive = archiveOfOthers();

test('on hits and near misses of 248 Linux rules written by others the index changes no verdict', {
  skip: archive ? false : "no archive of other people's rules beside the project (../shared/data/sigma)",
}, (t) => {
  const files = unpackedRules(archive ?? '', t).filter(({ text }) => /^ {4}product: linux/m.test(text));
  const rules = loadRuleSet(files);
  assert.deepEqual(rules.refusals.map(String), []);
  const { events, matched, silent } = compare(rules.detections);
  t.diagnostic(
    `${rules.detections.length} rules, ${events} events, ${matched} hits, no hit for ${silent.length} rules`,
  );
  assert.ok(silent.length <= rules.detections.length / 20, silent.map(({ title }) => title).join('\n'));
});

test('nor on a few hits and near misses of each of the 3,755 rules for every system', {
  skip: archive ? false : "no archive of other people's rules beside the project (../shared/data/sigma)",
}, (t) => {
  const { detections } = loadRuleSet(unpackedRules(archive ?? '', t));
  assert.ok(detections.length > 3_700, `${detections.length} rules`);
  const { events, matched, silent } = compare(detections, fewSamples);
  t.diagnostic(
    `${detections.length} rules, ${events} events, ${matched} hits, no hit for ${silent.length} rules`,
  );
  assert.ok(silent.length <= detections.length / 10, silent.map(({ title }) => title).join('\n'));
});

test('nor where an index is easily wrong: numbers of many digits, letters of two code units, addresses', () => {
  const rows: readonly (readonly [item: string, value: unknown, expected: boolean])[] = [
    ['F: 1152921504606846976', 2 ** 60, true],
    ['F: 1152921504606846976', 2n ** 60n, true],
    ['F: 1152921504606846976', '1152921504606846976', true],
    ['F: 1152921504606846977', 2 ** 60, false],
    ['F: 1000000000000000000000', 1e21, true],
    ["F|re: 'a😀*b'", 'xab', true],
    ["F|re: 'a😀?b'", 'a😀b', true],
    ["F|re: 'a😀{0,3}b'", 'ab', true],
    ["F|re: 'a😀+b'", 'ab', false],
    ['F|cidr: 10.0.0.0/8', '0:0:0:0:0:ffff:10.0.0.1', true],
    ['F|cidr: 10.0.0.0/8', '::ffff:a00:1%eth0', true],
    ['F|cidr: 10.0.0.0/8', '10.0.0.1%eth0', false],
    ["F|re|m|startswith: 'b'", 'a\nb', false],
    ["F|re|m|endswith: 'a'", 'a\nb', false],
    ["F|re|m|startswith: 'a'", 'a\nb', true],
  ];
  for (const [item, value, expected] of rows) {
    const text = `title: t\nlogsource: {}\ndetection:\n  s:\n    ${item}\n  condition: s`;
    const { detections, refusals } = loadRuleSet([{ file: 'r.yml', text }]);
    assert.deepEqual(refusals.map(String), []);
    const [rule] = detections;
    assert.ok(rule);
    const engine = createEngine(detections);
    const view = new View();
    view.show(new JsonSource(engine.fields).of({ F: value }));
    const what = `${item} on ${String(value)}`;
    assert.equal(engine.matchPlainly(view, engine.route(undefined)).length, Number(expected), what);
    assert.equal(
      engine.match(view, engine.route(undefined)).length,
      Number(expected),
      `${what}, by the index`,
    );
    assert.equal(explained(rule, { F: value }), expected, `${what}, explained`);
  }
});
