import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attributes, Event, EventName } from '../event.ts';
import { newUid } from '../uid.ts';
import { createDetect } from './detect.ts';
import { loadRuleSet } from './load.ts';
import { builtinRules, readRuleFiles } from './pack.ts';
import { readPlaceholders } from './placeholder-file.ts';

const SESSION: Attributes = {
  'session.id': 's1',
  'gen_ai.agent.name': 'codex',
  'gen_ai.agent.version': '0.169.0',
  'process.user.name': 'ada',
  'process.entity_id': 'boot-42-1000',
};

function event(name: EventName, attributes: Attributes): Event {
  const timeNs = 1_700_000_000_000_000_000n;
  const uid = newUid(Number(timeNs / 1_000_000n));
  return { name, uid, timeNs, severity: 9, traceId: 'ab', spanId: 'cd', attributes, seen: undefined };
}

function detectBuiltin() {
  const rules = loadRuleSet(readRuleFiles(builtinRules()), readPlaceholders(builtinRules()));
  assert.deepEqual(rules.refusals.map(String), []);
  return createDetect({ rules, ruleset: 'spoor', product: 'linux' });
}

test('a network utility within a session is followed by a finding that carries agent, user, rule and evidence', () => {
  const exec = event('process.exec', {
    ...SESSION,
    'process.executable.path': '/usr/bin/telnet',
    'process.command_args': ['telnet', 'host'],
  });
  const exit = event('process.exit', { ...SESSION, 'process.exit.code': 0 });
  const out = detectBuiltin()([exec, exit]);

  assert.deepEqual(
    out.map(({ name }) => name),
    ['process.exec', 'finding', 'process.exit'],
  );
  const finding = out[1];
  assert.equal(finding?.severity, 12);
  assert.equal(finding?.timeNs, exec.timeNs);
  assert.equal(finding?.traceId, 'ab');
  const attributes = finding?.attributes ?? {};
  assert.equal(attributes['security_rule.name'], 'Network utility started by an AI agent');
  assert.equal(attributes['security_rule.uuid'], '66e79210-edd9-4936-9850-f6a1701437f7');
  assert.deepEqual(attributes['spoor.finding.attack'], ['T1105', 'T1048']);
  assert.deepEqual(attributes['spoor.finding.evidence'], [exec.uid]);
  assert.equal(attributes['process.user.name'], 'ada');
  assert.equal(attributes['gen_ai.agent.version'], '0.169.0');
  assert.equal(attributes['session.id'], 's1');
  assert.deepEqual(attributes['process.command_args'], ['telnet', 'host']);
  assert.equal(attributes['event.kind'], 'alert');
});

test('the same program outside every session gives no finding', () => {
  const exec = event('process.exec', { 'process.executable.path': '/usr/bin/scp' });
  assert.deepEqual(detectBuiltin()([exec]), [exec]);
});

test('a program whose name only contains that of a network utility gives no finding', () => {
  const exec = event('process.exec', { ...SESSION, 'process.executable.path': '/usr/bin/scpx' });
  assert.deepEqual(detectBuiltin()([exec]), [exec]);
});

test('a value that rules saw only a part of is counted, once an event for each field', () => {
  const detect = detectBuiltin();
  const exec = (argument: string) =>
    event('process.exec', {
      ...SESSION,
      'process.executable.path': '/usr/bin/node',
      'process.command_args': ['node', '-e', argument],
    });
  detect([exec('x'.repeat(30_000))]);
  assert.equal(detect.health()['spoor.health.values_cut'], 0);
  detect([exec('x'.repeat(100_000))]);
  const cut = Number(detect.health()['spoor.health.values_cut']);
  assert.ok(cut >= 1 && cut <= 3, String(cut));
});

test('a rule is unfed when no event of the host has its log source or its fields, and no built-in rule is', () => {
  const rule = (title: string, logsource: string, item: string) =>
    `title: ${title}\nlogsource: ${logsource}\ndetection: { s: { ${item} }, condition: s }\n`;
  const rules = loadRuleSet([
    {
      file: 'r.yml',
      text: [
        rule('fed', '{ category: process_creation, product: linux }', 'Image: a'),
        rule('no such field', '{ category: process_creation, product: linux }', 'IMPHASH: a'),
        rule('no such source', '{ category: registry_set, product: windows }', 'Image: a'),
        'title: keyword\nlogsource: { product: linux }\ndetection: { s: [a], condition: s }\n',
      ].join('---\n'),
    },
  ]);
  assert.deepEqual(rules.refusals.map(String), []);
  const unfed = createDetect({ rules, ruleset: 'test', product: 'linux' }).unfed();
  assert.deepEqual(
    unfed.map(({ title }) => title),
    ['no such field', 'no such source'],
  );
  assert.deepEqual(detectBuiltin().unfed(), []);
});
