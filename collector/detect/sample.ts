/** Makes events for a rule: some that should match it, and some that miss it by little. For tests of the engine. */

import type { Expression, ValueTest } from './expression.ts';
import { requiredTexts } from './literal.ts';
import { ANY, DASH, type Pattern } from './pattern.ts';

export type SampleEvent = Record<string, unknown>;

/** Events a rule gets at most; a rule of many values would else make thousands. */
const MAX_SAMPLES = 24;

/** Events made to match: one for each way through the rule's alternatives, up to a limit. Not every one must match. */
export function hits(expression: Expression): SampleEvent[] {
  return ways(expression, 'hold').slice(0, MAX_SAMPLES);
}

/** For each hit the same event with one field taken away, one changed a little, one in another case, one longer. */
export function nearMisses(expression: Expression): SampleEvent[] {
  const misses: SampleEvent[] = [];
  for (const hit of hits(expression).slice(0, 6))
    for (const [field, value] of Object.entries(hit)) {
      const { [field]: _, ...without } = hit;
      misses.push(without);
      for (const changed of changes(value)) misses.push({ ...hit, [field]: changed });
    }
  return [...misses, ...ways(expression, 'fail').slice(0, MAX_SAMPLES)];
}

function changes(value: unknown): unknown[] {
  if (typeof value !== 'string') return [null, [value], 'x', { a: value }];
  return [
    null,
    `${value}x`,
    `x${value}`,
    value.slice(1),
    value.slice(0, -1),
    value.toUpperCase(),
    [value],
    ['x', value],
    [],
    value.replace(/[a-z]/i, 'ſ'),
    value.split('').reverse().join(''),
    `${value}\n${value}`,
  ];
}

/** Events under which the expression should hold or fail. */
function ways(expression: Expression, aim: 'hold' | 'fail'): SampleEvent[] {
  switch (expression.kind) {
    case 'named':
      return ways(expression.part, aim);
    case 'not':
      return ways(expression.part, aim === 'hold' ? 'fail' : 'hold');
    case 'and':
    case 'or': {
      const inner = expression.parts.map((part) => ways(part, aim));
      // To hold, an "and" needs all its parts and an "or" one; to fail it is the other way round.
      return (expression.kind === 'and') === (aim === 'hold')
        ? merge(inner)
        : inner.flat().slice(0, MAX_SAMPLES);
    }
    case 'field':
      return aim === 'hold'
        ? valuesFor(expression.field, expression.test)
        : [{}, { [expression.field]: 'unlike' }];
    case 'keyword':
      return aim === 'hold' ? valuesFor('message', expression.test) : [{}];
  }
}

/** One event a way, each holding what the same way of every part asks for. */
function merge(parts: readonly SampleEvent[][]): SampleEvent[] {
  const most = Math.min(MAX_SAMPLES, Math.max(1, ...parts.map((part) => part.length)));
  return Array.from({ length: most }, (_, way) => {
    const event: SampleEvent = {};
    for (const part of parts)
      for (const [field, value] of Object.entries(part[way % Math.max(1, part.length)] ?? {}))
        event[field] = joined(event[field], value);
    return event;
  });
}

/** A field that several parts want is given all their texts, so that `contains|all` is met. */
function joined(before: unknown, value: unknown): unknown {
  if (before === undefined) return value;
  return typeof before === 'string' && typeof value === 'string' && before !== value
    ? `${before} ${value}`
    : value;
}

function valuesFor(field: string, test: ValueTest): SampleEvent[] {
  const one = (value: unknown): SampleEvent => ({ [field]: value });
  switch (test.kind) {
    case 'text':
      return [one(instance(test.pattern, '')), one(instance(test.pattern, 'mid'))];
    case 'number':
      return [one(typeof test.value === 'bigint' ? String(test.value) : test.value), one(test.source)];
    case 'boolean':
      return [one(test.value), one(String(test.value))];
    case 'null':
      return [{}, one(null)];
    case 'exists':
      return test.expected ? [one('x')] : [{}];
    case 'regex':
      return [
        one(`${(requiredTexts(test.source, test.flags) ?? ['x']).join(' ')}`),
        one(roughly(test.source)),
      ];
    case 'compare': {
      const step = test.operator.startsWith('l') ? -1 : 1;
      return [one(Number(test.value) + step), one(String(Number(test.value))), one(Number(test.value))];
    }
    case 'cidr':
      return [one(test.network.split('/')[0] ?? '')];
    case 'time':
      return [one('2026-03-04T05:06:07Z')];
    case 'fieldref':
      return [{ [field]: 'same', [test.field]: 'same' }];
  }
}

function instance(pattern: Pattern, filler: string): string {
  return pattern
    .map((piece) => (piece === ANY ? filler : piece === DASH ? '/' : typeof piece === 'string' ? piece : 'q'))
    .join('');
}

/** A regular expression with its signs taken off; now and then it matches. */
function roughly(source: string): string {
  return source
    .replace(/\(\?[^:)]*:?/g, '')
    .replace(/\\s[+*]?/g, ' ')
    .replace(/\\d(\{\d.*?\}|[+*])?/g, '7')
    .replace(/\\([^\w])/g, '$1')
    .replace(/\[[^\]]*\](\{\d.*?\}|[+*?])?/g, 'a')
    .replace(/\.[*+]\??/g, 'm')
    .replace(/[()^$?*+]/g, '')
    .replace(/\|.*/, '');
}
