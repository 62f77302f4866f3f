/** The rules that come with Spoor: sound, tested, and tested tightly enough that no threshold can move unseen. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { testFilesAt } from '../cli/rules/test.ts';
import { recordedEvents } from '../recorded.ts';
import type { Expression } from './expression.ts';
import { loadRuleSet } from './load.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';
import { attackIds, type DetectionRule, type Rule } from './rule.ts';
import { createRuleTester, findingsOf, ruleFileOf } from './rule-test.ts';
import { type RuleTest, readRuleTests } from './rule-test-file.ts';
import type { RuleSet } from './ruleset.ts';

const FOLDER = builtinRules();
const RULES = loadRuleSet(readRuleFiles(FOLDER), readPlaceholders(FOLDER));
const TESTS = testFilesAt(FOLDER).flatMap((file) => readRuleTests(file, readFileSync(file, 'utf8')));
const tester = createRuleTester(recordedEvents);

const OF_NO_SESSION: ReadonlySet<string> = new Set([
  'The sensor was flooded',
  'The sensor is blind',
  'The log could not take events',
]);

function testsFor(rule: Rule): RuleTest[] {
  return TESTS.filter((one) => ruleFileOf(one.file) === rule.file);
}

function speaking(): Rule[] {
  const all: Rule[] = [...RULES.detections, ...RULES.correlations.map(({ rule }) => rule)];
  return all.filter((rule) => !RULES.silent.has(rule));
}

test('every rule is read, and there are at least 40 rules and 12 correlations that speak', () => {
  assert.deepEqual(RULES.refusals.map(String), []);
  const correlations = speaking().filter(({ kind }) => kind === 'correlation');
  assert.ok(
    speaking().length - correlations.length >= 40,
    `${speaking().length - correlations.length} rules`,
  );
  assert.ok(correlations.length >= 12, `${correlations.length} correlations`);
});

test('every rule that speaks has an id, ATT&CK techniques, false positives and a response', () => {
  for (const rule of speaking()) {
    assert.match(
      rule.id ?? '',
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      rule.title,
    );
    assert.ok(attackIds(rule.tags).length > 0, `${rule.title}: no technique`);
    assert.ok(rule.falsePositives.length > 0, `${rule.title}: no false positives`);
    assert.ok(rule.response.length > 20, `${rule.title}: no response`);
    assert.ok(rule.description.length > 30, `${rule.title}: no description`);
  }
});

test('every rule file has tests beside it, one that fires and one that does not', () => {
  for (const { file } of readRuleFiles(FOLDER)) {
    assert.ok(existsSync(file.replace(/\.yml$/, '.test.yml')), file);
    const own = TESTS.filter((one) => ruleFileOf(one.file) === file);
    assert.ok(
      own.some(({ expected }) => expected.length > 0),
      `${file}: no test in which it fires`,
    );
    // A test may hold both: more events than findings.
    const quiet = own.some(
      ({ expected, events }) => expected.reduce((sum, one) => sum + one.times, 0) < events.length,
    );
    assert.ok(quiet, `${file}: no event on which it stays silent`);
  }
});

test('every test beside a rule passes', () => {
  const failed = TESTS.map((one) => tester.run(one, RULES)).filter(({ passed }) => !passed);
  assert.deepEqual(
    failed.map((result) => `${result.test.file}: ${result.test.name}: ${result.differences}`),
    [],
  );
});

test('a threshold moved by one, in any rule, makes one of its tests fail', () => {
  const changes = [...thresholdChanges()];
  assert.ok(changes.length >= 25, `${changes.length} thresholds`);
  for (const { rule, what, rules } of changes) {
    const failed = testsFor(rule).some((one) => !tester.run(one, rules).passed);
    assert.ok(failed, `${rule.title}: ${what} and no test fails`);
  }
});

test('a timespan longer or shorter by a second, in any correlation, makes one of its tests fail', () => {
  const unseen: string[] = [];
  for (const linked of RULES.correlations)
    for (const byMs of [-1000, 1000]) {
      const changed = { ...linked, rule: { ...linked.rule, timespanMs: linked.rule.timespanMs + byMs } };
      const correlations = RULES.correlations.map((one) => (one === linked ? changed : one));
      const failed = testsFor(linked.rule).some((one) => !tester.run(one, { ...RULES, correlations }).passed);
      if (!failed) unseen.push(`${linked.rule.title}: ${byMs > 0 ? 'longer' : 'shorter'}`);
    }
  assert.deepEqual(unseen, []);
});

/** Every number that something is compared with, in turn one higher and one lower. */
function* thresholdChanges(): Generator<{ rule: Rule; what: string; rules: RuleSet }> {
  for (const linked of RULES.correlations)
    for (const [index, comparison] of linked.rule.comparisons.entries())
      for (const by of [-1, 1]) {
        // An event count is never below one: "gte 0" says the same as "gte 1".
        if (linked.rule.type === 'event_count' && comparison.value + by < 1) continue;
        const comparisons = linked.rule.comparisons.with(index, {
          ...comparison,
          value: comparison.value + by,
        });
        const changed = { ...linked, rule: { ...linked.rule, comparisons } };
        const correlations = RULES.correlations.map((one) => (one === linked ? changed : one));
        yield {
          rule: linked.rule,
          what: `${comparison.operator} ${comparison.value + by}`,
          rules: { ...RULES, correlations },
        };
      }
  for (const rule of RULES.detections)
    for (const expression of shifted(rule.expression)) {
      const changed: DetectionRule = { ...rule, expression };
      yield { rule, what: 'a compared number moved', rules: replaced(rule, changed) };
    }
}

function replaced(rule: DetectionRule, by: DetectionRule): RuleSet {
  const detections = RULES.detections.map((one) => (one === rule ? by : one));
  const correlations = RULES.correlations.map((one) => ({
    ...one,
    inputs: one.inputs.map((input) => (input === rule ? by : input)),
  }));
  const silent = new Set([...RULES.silent].map((one) => (one === rule ? by : one)));
  return { ...RULES, detections, correlations, silent };
}

/** The expression with one of its comparisons (gt, gte, lt, lte) one higher or lower, for each of them. */
function* shifted(expression: Expression): Generator<Expression> {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const [index, part] of expression.parts.entries())
        for (const one of shifted(part)) yield { ...expression, parts: expression.parts.with(index, one) };
      break;
    case 'not':
    case 'named':
      for (const one of shifted(expression.part)) yield { ...expression, part: one };
      break;
    case 'field':
      if (expression.test.kind === 'compare')
        for (const by of [-1, 1])
          yield { ...expression, test: { ...expression.test, value: Number(expression.test.value) + by } };
      break;
    case 'keyword':
      break;
  }
}

test('docs/detections.md lists every rule that gives findings, with its kind and level', () => {
  const page = readFileSync(join(dirname(FOLDER), 'docs', 'detections.md'), 'utf8');
  for (const rule of speaking()) {
    const kind = 'type' in rule ? rule.type : 'rule';
    const line = page.split('\n').find((one) => one.startsWith(`| [${rule.title}](`));
    assert.ok(line?.includes(` | ${kind} | ${rule.level} | `), `${rule.title}: ${line ?? 'no line'}`);
  }
});

test('every finding of every rule carries session, user, agent and version, rule, level, and events that happened', () => {
  const seen = new Set<string>();
  for (const one of TESTS) {
    const { findings, uids } = findingsOf(one, RULES);
    for (const { attributes, severity } of findings) {
      const title = attributes['security_rule.name'] ?? '';
      const rule = speaking().find((candidate) => candidate.title === title);
      assert.ok(rule, title);
      seen.add(title);
      assert.equal(attributes['security_rule.uuid'], rule.id, title);
      assert.equal(attributes['spoor.finding.level'], rule.level, title);
      assert.equal(severity, { informational: 9, low: 12, medium: 13, high: 17, critical: 21 }[rule.level]);
      assert.deepEqual(attributes['spoor.finding.attack'], attackIds(rule.tags), title);
      const evidence = attributes['spoor.finding.evidence'] ?? [];
      assert.ok(evidence.length > 0, `${title}: no evidence`);
      assert.equal(new Set(evidence).size, evidence.length, `${title}: an event is named twice`);
      for (const uid of evidence) assert.ok(uids.has(uid), `${title}: names an event that never was`);
      // Losses and blindness belong to no session.
      if (OF_NO_SESSION.has(title)) continue;
      for (const name of ['session.id', 'gen_ai.agent.name', 'gen_ai.agent.version'] as const)
        assert.ok(attributes[name] !== undefined, `${title}: no ${name}`);
      assert.ok(attributes['process.user.name'] !== undefined, `${title}: no user`);
    }
  }
  const silent = speaking().filter(({ title }) => !seen.has(title));
  assert.deepEqual(
    silent.map(({ title }) => title),
    [],
    'rules without a finding in their tests',
  );
});
