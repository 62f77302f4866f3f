/**
 * Tests that lie beside rules: `name.test.yml` beside `name.yml`. docs/rules.md has the form by example.
 *
 * A file gives defaults for its events and a list of tests; a test is events (or a recording) and the findings of the
 * rules beside it that must come of them, no more and no less.
 */

import { dirname, resolve } from 'node:path';
import { ATTRIBUTES, EVENTS, type EventName } from '../../schemas/generated/registry.ts';
import { nearest, type Place, Refusal } from './refusal.ts';
import { readYaml } from './yaml.ts';
import type { YamlMap, YamlTree } from './yaml-tree.ts';

export interface TestEvent {
  readonly at: Place;
  /** Milliseconds after the test's beginning. */
  readonly offsetMs: number;
  /** One of Spoor's own events, or undefined for an event of another source. */
  readonly name: EventName | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  /** How often the event comes, one after the other, `everyMs` apart. */
  readonly times: number;
  readonly everyMs: number;
}

export interface Expectation {
  /** Title, id or name of a rule. */
  readonly rule: string;
  /** Place of the event that fires it, from 0; undefined when it does not matter. */
  readonly on: number | undefined;
  readonly times: number;
  /** Numbers of the events that the finding must name, no more and no fewer. */
  readonly evidence: readonly number[] | undefined;
}

export interface RuleTest {
  readonly file: string;
  readonly at: Place;
  readonly name: string;
  readonly events: readonly TestEvent[];
  /** A file of `spoor run --record`, or of `spoor events --json`, instead of events. */
  readonly recording: string | undefined;
  readonly expected: readonly Expectation[];
}

const TEST_KEYS = ['name', 'events', 'recording', 'expect'];
const EVENT_KEYS = ['event', 'at', 'times', 'every', 'logsource', 'fields'];

/** @throws Refusal naming file, line and mend */
export function readRuleTests(file: string, text: string): RuleTest[] {
  const [document, more] = readYaml(file, text);
  const nowhere = { line: 1, column: 1 };
  if (!document) throw new Refusal(file, nowhere, 'the file is empty; write "tests:" and a list of tests');
  if ('refusal' in document) throw document.refusal;
  if (more) throw new Refusal(file, nowhere, 'a test file is one document');
  const top = mapAt(file, document.tree, 'a test file');
  for (const { key, keyAt } of top.entries)
    if (key !== 'tests' && key !== 'defaults')
      throw new Refusal(file, keyAt, `unknown key "${key}"; a test file has "defaults" and "tests"`);
  const defaults = valueAt(top, 'defaults');
  const shared = defaults ? fieldsOf(file, mapAt(file, defaults, '"defaults"'), []) : {};
  const tests = valueAt(top, 'tests');
  if (tests?.kind !== 'list' || tests.items.length === 0)
    throw new Refusal(file, top, '"tests" must be a list of tests');
  return tests.items.map((item) => readTest(file, mapAt(file, item, 'a test'), shared));
}

function readTest(file: string, map: YamlMap, shared: Readonly<Record<string, unknown>>): RuleTest {
  for (const { key, keyAt } of map.entries)
    if (!TEST_KEYS.includes(key))
      throw new Refusal(file, keyAt, `unknown key "${key}"; a test has ${TEST_KEYS.join(', ')}`);
  const name = textAt(file, map, 'name');
  const events = valueAt(map, 'events');
  const recording = valueAt(map, 'recording');
  if (events?.kind !== 'list' && recording === undefined)
    throw new Refusal(file, map, 'a test needs "events" or a "recording"');
  return {
    file,
    at: { line: map.line, column: map.column },
    name,
    events: events?.kind === 'list' ? readEvents(file, events.items, shared) : [],
    recording: recording ? resolve(dirname(file), textAt(file, map, 'recording')) : undefined,
    expected: readExpected(file, map),
  };
}

function readEvents(
  file: string,
  items: readonly YamlTree[],
  shared: Readonly<Record<string, unknown>>,
): TestEvent[] {
  let offsetMs = 0;
  return items.map((item) => {
    const map = mapAt(file, item, 'an event');
    const at = valueAt(map, 'at');
    if (at) offsetMs = readOffset(file, at, offsetMs);
    const every = valueAt(map, 'every');
    const name = valueAt(map, 'event');
    const fields = valueAt(map, 'fields');
    const logsource = valueAt(map, 'logsource');
    const times = valueAt(map, 'times');
    const count = times?.kind === 'scalar' && typeof times.value === 'number' ? times.value : 1;
    const everyMs = every ? readOffset(file, every, 0) : 0;
    const event: TestEvent = {
      at: { line: map.line, column: map.column },
      offsetMs,
      name: name === undefined ? undefined : eventName(file, name),
      fields: name
        ? { ...shared, ...checked(file, map, fieldsOf(file, map, EVENT_KEYS)) }
        : {
            ...(fields
              ? fieldsOf(file, mapAt(file, fields, '"fields"'), [])
              : fieldsOf(file, map, EVENT_KEYS)),
            ...(logsource ? { '@logsource': plain(file, logsource) } : {}),
          },
      times: count,
      everyMs,
    };
    offsetMs += everyMs * (count - 1);
    return event;
  });
}

function eventName(file: string, tree: YamlTree): EventName {
  if (tree.kind === 'scalar' && Object.hasOwn(EVENTS, tree.source)) return tree.source as EventName;
  const word = tree.kind === 'scalar' ? tree.source : '';
  const near = nearest(word, Object.keys(EVENTS));
  throw new Refusal(file, tree, `no event is called "${word}"${near ? `; did you mean "${near}"?` : ''}`);
}

/** Attribute names of Spoor's own events are known; a misspelt one would make a test that proves nothing. */
function checked(file: string, map: YamlMap, fields: Record<string, unknown>): Record<string, unknown> {
  for (const name of Object.keys(fields)) {
    if (Object.hasOwn(ATTRIBUTES, name)) continue;
    const place = map.entries.find(({ key }) => key === name)?.keyAt ?? map;
    const near = nearest(name, Object.keys(ATTRIBUTES));
    throw new Refusal(
      file,
      place,
      `no attribute is called "${name}"${near ? `; did you mean "${near}"?` : ''}`,
    );
  }
  return fields;
}

function readExpected(file: string, map: YamlMap): Expectation[] {
  const tree = valueAt(map, 'expect');
  if (!tree) throw new Refusal(file, map, 'a test needs "expect": rules that fire, or none');
  if (tree.kind === 'scalar' && tree.source === 'none') return [];
  const items = tree.kind === 'list' ? tree.items : [tree];
  return items.map((item) => {
    if (item.kind === 'scalar') return { rule: item.source, on: undefined, times: 1, evidence: undefined };
    const one = mapAt(file, item, 'an expectation');
    const number = (key: string): number | undefined => {
      const value = valueAt(one, key);
      if (!value) return undefined;
      if (value.kind === 'scalar' && typeof value.value === 'number') return value.value;
      throw new Refusal(file, value, `"${key}" takes a number`);
    };
    return {
      rule: textAt(file, one, 'rule'),
      on: number('on'),
      times: number('times') ?? 1,
      evidence: numbersAt(file, one, 'evidence'),
    };
  });
}

function numbersAt(file: string, map: YamlMap, key: string): readonly number[] | undefined {
  const value = valueAt(map, key);
  if (!value) return undefined;
  const numbers = plain(file, value);
  if (Array.isArray(numbers) && numbers.every((one) => typeof one === 'number')) return numbers;
  throw new Refusal(file, value, `"${key}" takes a list of numbers of events`);
}

/** `+90s` after the event before, `10m` or `1h30m5s` after the beginning, `250ms`. */
function readOffset(file: string, tree: YamlTree, beforeMs: number): number {
  const text = tree.kind === 'scalar' ? tree.source : '';
  const match = /^(\+)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/.exec(text);
  if (!match || text === '' || text === '+')
    throw new Refusal(
      file,
      tree,
      `"${text}" is no time; write +90s (after the event before) or 10m (after the beginning)`,
    );
  const [, plus, days, hours, minutes, seconds, ms] = match;
  const sumMs =
    Number(days ?? 0) * 86_400_000 +
    Number(hours ?? 0) * 3_600_000 +
    Number(minutes ?? 0) * 60_000 +
    Number(seconds ?? 0) * 1_000 +
    Number(ms ?? 0);
  return plus ? beforeMs + sumMs : sumMs;
}

function fieldsOf(file: string, map: YamlMap, leaveOut: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    map.entries
      .filter(({ key }) => !leaveOut.includes(key))
      .map(({ key, value }) => [key, plain(file, value)]),
  );
}

function plain(file: string, tree: YamlTree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map((item) => plain(file, item));
  return fieldsOf(file, tree, []);
}

function valueAt(map: YamlMap, key: string): YamlTree | undefined {
  return map.entries.find((entry) => entry.key === key)?.value;
}

function textAt(file: string, map: YamlMap, key: string): string {
  const value = valueAt(map, key);
  if (value?.kind === 'scalar' && value.value !== null) return value.source;
  throw new Refusal(file, value ?? map, `"${key}" must be a text`);
}

function mapAt(file: string, tree: YamlTree, what: string): YamlMap {
  if (tree.kind === 'map') return tree;
  throw new Refusal(file, tree, `${what} must be a map of keys and values`);
}
