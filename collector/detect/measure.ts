/** What a correlation measures in a window, kept up to date as entries come and go. */

import { createHash } from 'node:crypto';
import { ATTRIBUTES, type AttributeName } from '../../schemas/generated/registry.ts';
import { compare, numberOf } from './compare.ts';
import { holds } from './correlation-condition.ts';
import { shorten } from './huge.ts';
import { jsonText } from './json-text.ts';
import type { Comparison, CorrelationRule } from './rule.ts';

/** One match of an input rule, as a group remembers it. */
export interface Entry {
  readonly timeMs: number;
  /** Which input of the correlation matched. */
  readonly input: number;
  /** Uid of the event, or of all events behind a correlation that matched. */
  readonly evidence: string | readonly string[];
  /** For value_*: the value that counts; a text for value_count, else a number. For event_count how many events. */
  readonly value: string | number | undefined;
}

export interface Measure {
  /** Entries come in order of time, those of one time in order of arrival. */
  add(entry: Entry): void;
  /** Entries go in the order they came. */
  remove(entry: Entry): void;
  /** What is compared with the condition. `sinceMs`: where the window begins. */
  value(sinceMs: number): number;
  /** Whether the correlation's condition holds now. */
  holds(sinceMs: number): boolean;
  /** The entries that made it hold, when that is not the whole window. */
  chain?(sinceMs: number): readonly Entry[];
}

export function createMeasure(rule: CorrelationRule): Measure {
  switch (rule.type) {
    case 'event_count':
      return compared(rule, new EventCount());
    case 'value_count':
      return compared(rule, countValues());
    case 'value_sum':
      return compared(rule, sumValues('sum'));
    case 'value_avg':
      return compared(rule, sumValues('average'));
    case 'value_percentile':
      return compared(rule, rule.percentile === undefined ? rankOfNewest() : percentileOf(rule.percentile));
    case 'value_median':
      return compared(rule, percentileOf(50));
    case 'temporal':
      return temporal(rule);
    case 'temporal_ordered':
      return ordered(rule);
  }
}

type Value = Pick<Measure, 'add' | 'remove'> & { value(sinceMs: number): number | undefined };

function compared({ comparisons }: CorrelationRule, measure: Value): Measure {
  return new Compared(comparisons, measure);
}

/**
 * A measure without a value (no number seen yet) holds nothing. This one and the next are classes because there is one
 * of each for most groups: as closures they would take 600 B more.
 */
class Compared implements Measure {
  private readonly comparisons: readonly Comparison[];
  private readonly measure: Value;

  constructor(comparisons: readonly Comparison[], measure: Value) {
    this.comparisons = comparisons;
    this.measure = measure;
  }

  add(entry: Entry): void {
    this.measure.add(entry);
  }

  remove(entry: Entry): void {
    this.measure.remove(entry);
  }

  value(sinceMs: number): number {
    return this.measure.value(sinceMs) ?? 0;
  }

  holds(sinceMs: number): boolean {
    const value = this.measure.value(sinceMs);
    return value !== undefined && this.comparisons.every((one) => compare(value, one.operator, one.value));
  }
}

/** What an entry adds to a sum; to a count of events one, or as many as it stands for. */
export function amountOf({ value }: Entry): number {
  return typeof value === 'number' ? value : 1;
}

class EventCount implements Value {
  private count = 0;

  add(entry: Entry): void {
    this.count += amountOf(entry);
  }

  remove(entry: Entry): void {
    this.count -= amountOf(entry);
  }

  value(): number {
    return this.count;
  }
}

function countValues(): Value {
  const counts = new Map<string | number, number>();
  return {
    add({ value }) {
      if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
    },
    remove({ value }) {
      if (value === undefined) return;
      const left = (counts.get(value) ?? 0) - 1;
      if (left > 0) counts.set(value, left);
      else counts.delete(value);
    },
    value: () => counts.size,
  };
}

/**
 * Nothing is ever taken off a sum, so that fractions leave no rest: of the older values the sums of each and all that
 * came after it are kept, and those that came since are added up. When the older ones are used up the others take
 * their place, so a value is gone through twice in all.
 */
function sumValues(kind: 'sum' | 'average'): Value {
  const olderSums: number[] = [];
  const newer: number[] = [];
  let newerSum = 0;
  return {
    add({ value }) {
      if (typeof value !== 'number') return;
      newer.push(value);
      newerSum += value;
    },
    remove({ value }) {
      if (typeof value !== 'number') return;
      if (olderSums.length === 0) {
        let sum = 0;
        for (const one of newer.splice(0).reverse()) {
          sum += one;
          olderSums.push(sum);
        }
        newerSum = 0;
      }
      olderSums.pop();
    },
    value() {
      const sum = (olderSums.at(-1) ?? 0) + newerSum;
      const count = olderSums.length + newer.length;
      if (kind === 'sum') return sum;
      return count === 0 ? undefined : sum / count;
    },
  };
}

/** The value below which `percentile` per cent lie, between two values on the straight line between them. */
function percentileOf(percentile: number): Value {
  const sorted = sortedNumbers();
  return {
    ...sorted,
    value() {
      const { numbers } = sorted;
      if (numbers.length === 0) return undefined;
      const place = (percentile / 100) * (numbers.length - 1);
      const below = numbers[Math.floor(place)] ?? 0;
      const above = numbers[Math.ceil(place)] ?? 0;
      return below + (above - below) * (place - Math.floor(place));
    },
  };
}

/**
 * Without `percentile` the condition is about the newest value itself, in per cent of the window. A number: how many
 * values are not above it (lte 1: it is among the lowest hundredth). A text: how many are the same (lte 1: it is rare).
 */
function rankOfNewest(): Value {
  const sorted = sortedNumbers();
  const counts = new Map<string, number>();
  let total = 0;
  let newest: string | number | undefined;
  return {
    add(entry) {
      newest = entry.value;
      sorted.add(entry);
      if (typeof entry.value === 'string') counts.set(entry.value, (counts.get(entry.value) ?? 0) + 1);
      if (entry.value !== undefined) total += 1;
    },
    remove(entry) {
      sorted.remove(entry);
      if (typeof entry.value === 'string') counts.set(entry.value, (counts.get(entry.value) ?? 0) - 1);
      if (entry.value !== undefined) total -= 1;
    },
    value() {
      if (newest === undefined || total === 0) return undefined;
      if (typeof newest === 'string') return (100 * (counts.get(newest) ?? 0)) / total;
      return (100 * sorted.notAbove(newest)) / total;
    },
  };
}

function sortedNumbers() {
  const numbers: number[] = [];
  /** The first place whose number is above `value`. */
  function placeAfter(value: number): number {
    let low = 0;
    let high = numbers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((numbers[middle] ?? 0) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  return {
    numbers,
    notAbove: placeAfter,
    add({ value }: Entry) {
      if (typeof value === 'number') numbers.splice(placeAfter(value), 0, value);
    },
    remove({ value }: Entry) {
      if (typeof value === 'number') numbers.splice(placeAfter(value) - 1, 1);
    },
  };
}

/** Which rules matched in the window, in any order: all of them, or as the condition says. */
function temporal(rule: CorrelationRule): Measure {
  const counts = rule.rules.map(() => 0);
  let different = 0;
  return {
    add({ input }) {
      counts[input] = (counts[input] ?? 0) + 1;
      if (counts[input] === 1) different += 1;
    },
    remove({ input }) {
      counts[input] = (counts[input] ?? 0) - 1;
      if (counts[input] === 0) different -= 1;
    },
    value: () => different,
    holds() {
      if (rule.condition) return holds(rule.condition, (input) => (counts[input] ?? 0) > 0);
      if (rule.comparisons.length === 0) return different === rule.rules.length;
      return rule.comparisons.every((one) => compare(different, one.operator, one.value));
    },
  };
}

interface Link {
  readonly entry: Entry;
  readonly startMs: number;
  readonly before: Link | undefined;
}

/**
 * How far the rules matched in their order. For each rule the chain that began last is kept: where it does not fit
 * into the window, no other does. It holds at the entry that completes a chain, not at whatever comes after.
 * One event stands for one step only: its inputs are added last step first.
 */
function ordered(rule: CorrelationRule): Measure {
  const chains: (Link | undefined)[] = rule.rules.map(() => undefined);
  let newest: Entry | undefined;
  function length(sinceMs: number): number {
    let steps = 0;
    for (const [index, chain] of chains.entries()) if (chain && chain.startMs >= sinceMs) steps = index + 1;
    return steps;
  }
  return {
    add(entry) {
      const { input } = entry;
      newest = entry;
      const before = input === 0 ? undefined : chains[input - 1];
      if (input > 0 && !before) return;
      chains[input] = { entry, startMs: before?.startMs ?? entry.timeMs, before };
    },
    remove: () => undefined,
    value: length,
    holds(sinceMs) {
      const steps = length(sinceMs);
      if (steps > 0 && chains[steps - 1]?.entry !== newest) return false;
      if (rule.comparisons.length === 0) return steps === rule.rules.length;
      return rule.comparisons.every((one) => compare(steps, one.operator, one.value));
    },
    chain(sinceMs) {
      const entries: Entry[] = [];
      const longest = chains.findLast((one) => one !== undefined && one.startMs >= sinceMs);
      for (let link = longest; link; link = link.before) entries.unshift(link.entry);
      return entries;
    },
  };
}

/**
 * What of the fields' values counts: for value_count a text (443 and "443" are one value), else a number.
 * @param fields the fields the values are of
 */
export function measuredValue(
  rule: CorrelationRule,
  fields: readonly string[],
  values: readonly unknown[],
): string | number | undefined {
  if (rule.type === 'value_count') {
    const texts = values.map((value, place) =>
      value === undefined || value === null ? undefined : keptText(fields[place] ?? '', value),
    );
    return texts.includes(undefined) ? undefined : texts.join('\0');
  }
  const number = numberOf(values[0]);
  if (number !== undefined) return Number(number);
  return rule.type === 'value_percentile' && rule.percentile === undefined && typeof values[0] === 'string'
    ? keptText(fields[0] ?? '', values[0])
    : undefined;
}

/** Characters of a group's value or of one that is counted. A longer one is known by its beginning and its SHA-256. */
const MAX_KEY_CHARS = 256;

/** A value as part of a key: a number and the text people write for it are the same. Of a huge one both ends count. */
export function keyText(value: unknown): string {
  const seen = shorten(value);
  const text = typeof seen === 'object' ? jsonText(seen) : String(seen);
  return text.length <= MAX_KEY_CHARS ? text : `${text.slice(0, MAX_KEY_CHARS / 2)}… (${hashOf(text)})`;
}

/**
 * A value as it is remembered, also on disk. Events are correlated before secrets are masked, so of a field in which
 * people put secrets (the registry says which), or that the registry does not know, only the SHA-256 is kept.
 */
export function keptText(field: string, value: unknown): string {
  const attribute = Object.hasOwn(ATTRIBUTES, field) ? ATTRIBUTES[field as AttributeName] : undefined;
  const text = keyText(value);
  return attribute && !attribute.secret ? text : hashOf(text);
}

function hashOf(text: string): string {
  return `SHA-256 ${createHash('sha256').update(text).digest('hex')}`;
}
