/** What the first events of a stage would have to make is made before them. Counted outside the engine. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { type TestContext, test } from 'node:test';
import { ATTRIBUTES, EVENTS } from '../../schemas/generated/registry.ts';
import type { Attributes, Event, EventName } from '../event.ts';
import { newUid } from '../uid.ts';
import { loadBuiltinRules } from './builtin.ts';
import { createDetect, type Detect } from './detect.ts';

import { MAX_VALUE_CHARS } from './huge.ts';
import { loadRuleSet } from './load.ts';
import { prepare } from './prepare.ts';
import type { RuleSet } from './ruleset.ts';
import { eachAtom } from './witness.ts';

/** The copy of the library that the engine has loaded. */
const { RE2JS } = createRequire(import.meta.url)('re2js') as typeof import('re2js');

/** Counts entries of tables (automatons of texts are Int32Arrays) and automatons of expressions that are made. */
function countMade(t: TestContext) {
  const { dfa } = RE2JS.compile('x').re2Input;
  const expressions = t.mock.method(Object.getPrototypeOf(dfa), 'computeRuneClasses');
  const Real = globalThis.Int32Array;
  let entries = 0;
  globalThis.Int32Array = new Proxy(Real, {
    construct(target, parts) {
      const made = Reflect.construct(target, parts) as Int32Array;
      entries += made.length;
      return made;
    },
  });
  t.after(() => {
    globalThis.Int32Array = Real;
  });
  return {
    begin() {
      entries = 0;
      expressions.mock.resetCalls();
    },
    made: () => ({ entries, expressions: expressions.mock.callCount() }),
  };
}

/** One event of each kind whose every text and list is made of all that any rule looks for. */
function hostileEvents({ detections }: RuleSet, chars: number): Event[] {
  const texts = new Set<string>();
  for (const { expression } of detections) eachAtom(expression, ({ text }) => texts.add(text));
  const all = `${[...texts].join(' ')} `;
  const long = all.repeat(Math.ceil(chars / all.length)).slice(0, chars);
  return (Object.keys(EVENTS) as EventName[]).map((name) => {
    const attributes: Record<string, unknown> = {};
    for (const attribute of EVENTS[name].attributes) {
      const { type } = ATTRIBUTES[attribute];
      if (type === 'string') attributes[attribute] = long;
      if (type === 'string[]') attributes[attribute] = long.split(' ');
    }
    const timeMs = 1_700_000_000_000;
    return {
      name,
      uid: newUid(timeMs),
      timeNs: BigInt(timeMs) * 1_000_000n,
      severity: 9,
      traceId: '',
      spanId: '',
      attributes: { ...attributes, 'session.id': 's' } as Attributes,
      seen: undefined,
    };
  });
}

function stageOf(rules: RuleSet): Detect {
  return createDetect({ rules, ruleset: 'test', product: 'linux' });
}

async function preparedStageOf(rules: RuleSet): Promise<Detect> {
  const stage = stageOf(rules);
  await prepare(stage);
  return stage;
}

test('when a stage is prepared its first events, long and of every kind, find all automatons made', async (t) => {
  const rules = await loadBuiltinRules();
  const events = hostileEvents(rules, 2 * MAX_VALUE_CHARS);
  const count = countMade(t);

  const unprepared = stageOf(rules);
  count.begin();
  for (const event of events) unprepared([event]);
  const late = count.made();
  t.diagnostic(`unprepared: ${JSON.stringify(late)}`);
  assert.ok(late.entries > 10_000 && late.expressions > 0, 'the events are not what automatons are made for');

  const ready = await preparedStageOf(rules);
  count.begin();
  for (const event of events) ready([event]);
  const { entries, expressions } = count.made();
  assert.equal(expressions, 0);
  // A text compared with another field's is searched by itself, with a table as long as that text.
  assert.ok(entries < 200, `${entries} entries`);
});

test('an expression that no event came to yet is ready when the stage is prepared', async (t) => {
  const rules = loadRuleSet([
    {
      file: 'r.yml',
      text: "title: t\nlogsource: { category: process_creation }\ndetection: { s: { CommandLine|re: 'un[a-f]seen' }, condition: s }\n",
    },
  ]);
  const exec = hostileEvents(rules, MAX_VALUE_CHARS).filter(({ name }) => name === 'process.exec');
  const count = countMade(t);
  const ready = await preparedStageOf(rules);
  assert.equal(count.made().expressions, 1);
  count.begin();
  ready(exec);
  assert.deepEqual(count.made(), { entries: 0, expressions: 0 });
});

test('preparing a stage leaves nothing behind: no finding, nothing remembered, the same verdicts', async () => {
  const rules = await loadBuiltinRules();
  // Not so long that expressions run out of states: how far they come then depends on what was asked before.
  const verdicts = (stage: Detect) =>
    hostileEvents(rules, 1_000).flatMap((event) =>
      stage([event]).map(({ name, attributes }) => `${name} ${attributes['security_rule.name'] ?? ''}`),
    );
  const ready = await preparedStageOf(rules);
  assert.equal(ready.changes(), 0);
  assert.deepEqual(ready.health(), stageOf(rules).health());
  const found = verdicts(ready);
  assert.ok(found.some((verdict) => verdict.startsWith('finding ')));
  assert.deepEqual(found, verdicts(stageOf(rules)));
});
