/** Runs tests of rules: through the stage itself, so that a test proves what an endpoint will do. */

import { readFileSync } from 'node:fs';
import { type Attributes, type Event, SEVERITY } from '../event.ts';
import { ownCatalogue } from '../recognise/catalogue-file.ts';
import { newUid } from '../uid.ts';
import { type Classify, createClassify } from './classify.ts';
import { createDetect } from './detect.ts';
import { eventOf, parseEvent } from './json-event.ts';
import { createMatcher } from './matcher.ts';
import type { Rule } from './rule.ts';
import type { Expectation, RuleTest, TestEvent } from './rule-test-file.ts';
import { keyOf, type RuleSet } from './ruleset.ts';

/** Tests begin at a time of their own; rules that look at the clock see a Monday noon, 2026-01-05. */
const START_MS = Date.UTC(2026, 0, 5, 12);

/** Who acts in a test when it does not say. */
const SOMEBODY: Attributes = {
  'session.id': 'session-1',
  'gen_ai.agent.name': 'codex',
  'gen_ai.agent.version': '0.169.0',
  'spoor.session.basis': 'exact',
  'process.pid': 100,
  'process.entity_id': 'process-1',
  'process.executable.path': '/usr/bin/bash',
  'process.executable.name': 'bash',
  'process.user.id': 1000,
  'process.user.name': 'ada',
  'event.outcome': 'success',
};

export interface RuleTestResult {
  readonly test: RuleTest;
  readonly passed: boolean;
  /** What came that was not expected, and what was expected and did not come. */
  readonly differences: readonly string[];
}

interface Fired {
  readonly rule: Rule;
  readonly on: number;
  /** Numbers of the events it names; undefined where events of another source have no uid. */
  readonly evidence: readonly number[] | undefined;
}

export interface RuleTester {
  /** @param rules the set that the test's rules are part of; correlations may refer to any of it */
  run(test: RuleTest, rules: RuleSet): RuleTestResult;
}

/** @param recordedEvents the events of a sensor's recording, as an endpoint would judge them */
export function createRuleTester(recordedEvents: (file: string) => readonly Event[]): RuleTester {
  const classify = createClassify(ownCatalogue());
  return {
    run(test, rules) {
      const own = rulesBeside(test.file, rules);
      if (own.length === 0)
        return {
          test,
          passed: false,
          differences: [`no rule in ${ruleFileOf(test.file)}; a test lies beside its rule file`],
        };
      const recording = test.recording === undefined ? [] : eventsOf(test.recording, recordedEvents);
      const fired = fire(test, recording, rules, classify).filter(({ rule }) => own.includes(rule));
      const differences = compare(fired, test.expected, own);
      return { test, passed: differences.length === 0, differences };
    },
  };
}

/** The rules a test file is about: those of the file it is named after. */
export function rulesBeside(testFile: string, rules: RuleSet): Rule[] {
  const file = ruleFileOf(testFile);
  const correlations = rules.correlations.map(({ rule }) => rule);
  return [...rules.detections, ...correlations].filter((rule) => rule.file === file);
}

export function ruleFileOf(testFile: string): string {
  return testFile.replace(/\.test\.(ya?ml)$/, '.$1');
}

/** The findings of a test's own events, as an endpoint would write them, and the uids of those events. */
export function findingsOf(
  test: RuleTest,
  rules: RuleSet,
): { readonly findings: readonly Event[]; readonly uids: ReadonlySet<string> } {
  const detect = createDetect({
    rules,
    ruleset: 'test',
    product: 'linux',
    classify: createClassify(ownCatalogue()),
  });
  const events = test.events
    .flatMap(repeated)
    .flatMap((event) => (event.name === undefined ? [] : [ownEvent(event, event.name)]));
  const findings = events.flatMap((event) => detect([event])).filter(({ name }) => name === 'finding');
  return { findings, uids: new Set(events.map(({ uid }) => uid)) };
}

function fire(test: RuleTest, recording: readonly Event[], rules: RuleSet, classify: Classify): Fired[] {
  const detect = createDetect({ rules, ruleset: 'test', product: 'linux', classify });
  const matcher = createMatcher(rules, 'routed');
  const byKey = new Map<string, Rule>();
  for (const rule of [...rules.detections, ...rules.correlations.map((one) => one.rule)])
    byKey.set(rule.title, rule);
  const fired: Fired[] = [];
  const numbers = new Map<string, number>();
  const events = test.recording === undefined ? test.events.flatMap(repeated) : [];
  const take = (event: Event, on: number) => {
    numbers.set(event.uid, on);
    for (const out of detect([event])) {
      const rule = out.name === 'finding' ? byKey.get(out.attributes['security_rule.name'] ?? '') : undefined;
      const uids = out.attributes['spoor.finding.evidence'] ?? [];
      if (rule) fired.push({ rule, on, evidence: uids.map((uid) => numbers.get(uid) ?? -1) });
    }
  };
  for (const [on, event] of recording.entries()) take(event, on);
  for (const [on, event] of events.entries()) {
    if (event.name === undefined) {
      const flat = { ...event.fields, '@timestamp': START_MS + event.offsetMs };
      for (const rule of matcher.match(eventOf(flat, `${test.file}:${event.at.line}`, event.at.line)))
        fired.push({ rule, on, evidence: undefined });
    } else take(ownEvent(event, event.name), on);
  }
  return fired;
}

function repeated(event: TestEvent): TestEvent[] {
  return Array.from({ length: event.times }, (_, index) => ({
    ...event,
    offsetMs: event.offsetMs + index * event.everyMs,
    fields: Object.fromEntries(
      // {n} in a value is the number of the repetition: many different files, names, hosts.
      Object.entries(event.fields).map(([key, value]) => [
        key,
        typeof value === 'string' ? value.replaceAll('{n}', String(index)) : value,
      ]),
    ),
  }));
}

function ownEvent(event: TestEvent, name: NonNullable<TestEvent['name']>): Event {
  const timeMs = START_MS + event.offsetMs;
  const attributes = { ...SOMEBODY, ...event.fields } as Record<string, unknown>;
  for (const [key, value] of Object.entries(attributes)) if (value === null) delete attributes[key];
  return {
    name,
    uid: newUid(Math.floor(timeMs)),
    timeNs: BigInt(Math.round(timeMs * 1e6)),
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes: attributes as Attributes,
    seen: undefined,
  };
}

/** A recording is what a sensor saw (packed or not), or what `spoor events --json` printed. */
function eventsOf(file: string, recordedEvents: (file: string) => readonly Event[]): readonly Event[] {
  return /\.gz$/.test(file) || readFileSync(file, 'utf8').startsWith('{"recording":')
    ? recordedEvents(file)
    : printed(file);
}

function printed(file: string): Event[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    const { own } = parseEvent(file, index + 1, line);
    return own ? [own] : [];
  });
}

function compare(fired: readonly Fired[], expected: readonly Expectation[], own: readonly Rule[]): string[] {
  const differences: string[] = [];
  const left = [...fired];
  for (const { rule: reference, on, times, evidence } of expected) {
    const rule = own.find((one) => [one.title, one.id, one.name].includes(reference));
    if (!rule) {
      differences.push(`no rule beside the test is called "${reference}"`);
      continue;
    }
    for (let time = 0; time < times; time += 1) {
      const found = left.findIndex((one) => one.rule === rule && (on === undefined || one.on === on));
      const [one] = found >= 0 ? left.splice(found, 1) : [];
      if (one && evidence && String(one.evidence) !== String(evidence))
        differences.push(`"${reference}" names events ${one.evidence}, not ${evidence}`);
      if (!one)
        differences.push(
          `"${reference}" did not fire${on === undefined ? '' : ` on event ${on}`}${times > 1 ? ` (${time} of ${times})` : ''}`,
        );
    }
  }
  for (const { rule, on } of left) differences.push(`"${keyOf(rule)}" (${rule.title}) fired on event ${on}`);
  return differences;
}
