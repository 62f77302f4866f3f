/**
 * Judges made-up events before the first real one: code that Node has not run over some ten thousand characters yet
 * takes it ten times as long, and who wanted to stall the collector would send his longest value first.
 */

import { type Attributes, type Event, type EventName, SEVERITY } from '../event.ts';
import { MAX_VALUE_CHARS } from './huge.ts';
import type { FieldTable } from './view.ts';

/**
 * Lengths of the made-up values, growing, so that no step takes long while the code is still slow. The last ones use up
 * what an event may cost: code that has never come to that is thrown away when it first does.
 */
const LENGTHS_CHARS: readonly number[] = [
  3_000,
  12_000,
  MAX_VALUE_CHARS,
  4 * MAX_VALUE_CHARS,
  4 * MAX_VALUE_CHARS,
];
/** Fields whose texts the values are made of, those in which most are looked for: the code is the same for all. */
const MOST_SEARCHED = 2;

/** @param judge has rules judge an event with this value in the very way of real ones, or the rehearsal is for nothing */
export function* rehearse(
  fields: FieldTable,
  judge: (value: string | string[]) => void,
): Generator<undefined, void> {
  const searched = [...fields.searched().values()]
    .map((needles) => needles.texts())
    .toSorted((one, other) => other.length - one.length)
    .slice(0, MOST_SEARCHED);
  for (const chars of LENGTHS_CHARS)
    for (const texts of searched)
      for (const value of valuesOf(texts, chars)) {
        judge(value);
        yield;
      }
}

/** Events of an endpoint in which it is what whoever is watched can make longest: the code is the same for all others. */
export function eventsWith(value: string | string[]): Event[] {
  return [
    madeUp('process.exec', { 'process.command_args': typeof value === 'string' ? [value] : value }),
    madeUp('file.open', {
      'file.path': typeof value === 'string' ? value : value.join('/'),
      'spoor.file.access': 'write',
      'spoor.file.type': 'regular',
      'event.outcome': 'success',
    }),
  ];
}

function madeUp(name: EventName, attributes: Attributes): Event {
  return {
    name,
    uid: '',
    timeNs: 0n,
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}

/** A text of all that is looked for, the same as a list, and one in which everything begins and nothing stands. */
function valuesOf(texts: readonly string[], chars: number): (string | string[])[] {
  const all = `${texts.join(' ')} `;
  const text = all.repeat(Math.ceil(chars / all.length)).slice(0, chars);
  return [text, text.split(' '), 'a'.repeat(chars)];
}
