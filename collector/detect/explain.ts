/**
 * Says why a rule matches an event or not: every node of the rule with its value and the reason.
 *
 * It decides by its own plain reading of the rule and not by the engine's functions or index, so it also serves as
 * the second opinion that tests compare the engine with.
 */

import ipaddr from 'ipaddr.js';
import { MAX_STATE_UNITS } from './allowance.ts';
import { numberOf, sameNumber, timePart } from './compare.ts';
import type { CompareOperator, Expression, ValueTest } from './expression.ts';
import { leftOutOf, shorten } from './huge.ts';
import { jsonText } from './json-text.ts';
import { ANY, DASH, DASHES, fold, type Pattern, showPattern } from './pattern.ts';
import { compileRegex, type Look } from './regex.ts';
import { textOf } from './view.ts';

/** Longest part of a value that is shown. */
const MAX_SHOWN_CHARS = 200;

export interface Explanation {
  readonly holds: boolean;
  /** The node as a person would write it. */
  readonly what: string;
  /** Why; empty where the parts say it. */
  readonly why: string;
  readonly parts: readonly Explanation[];
}

/** What the explanation asks of an event. */
export interface Subject {
  read(field: string): unknown;
  /** Every text of the event, for keywords. */
  texts(): readonly string[];
}

export function explain(expression: Expression, subject: Subject): Explanation {
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const parts = expression.parts.map((part) => explain(part, subject));
      const holds =
        expression.kind === 'and' ? parts.every((part) => part.holds) : parts.some((part) => part.holds);
      return { holds, what: expression.kind === 'and' ? 'all of' : 'any of', why: '', parts };
    }
    case 'not': {
      const part = explain(expression.part, subject);
      return { holds: !part.holds, what: 'not', why: '', parts: [part] };
    }
    case 'named': {
      const part = explain(expression.part, subject);
      return { holds: part.holds, what: expression.name, why: '', parts: [part] };
    }
    case 'field':
      return explainField(expression.field, expression.test, subject);
    case 'keyword': {
      const texts = subject.texts();
      const found = texts.find((text) => testValue(expression.test, text, subject));
      const why =
        found === undefined ? `stands in none of ${texts.length} values` : `stands in ${shown(found)}`;
      return { holds: found !== undefined, what: `keyword ${describe(expression.test)}`, why, parts: [] };
    }
  }
}

function explainField(field: string, test: ValueTest, subject: Subject): Explanation {
  const whole = subject.read(field);
  const raw = shorten(whole);
  const what = `${field} ${describe(test)}`;
  const leaf = (holds: boolean, why: string): Explanation => ({ holds, what, why, parts: [] });
  if (test.kind === 'exists') {
    const isThere = raw !== undefined;
    return leaf(isThere === test.expected, isThere ? 'the field is there' : 'the field is absent');
  }
  if (test.kind === 'null') {
    const hasNone =
      raw === undefined || raw === null || (Array.isArray(raw) && (raw.length === 0 || raw.includes(null)));
    return leaf(hasNone, raw === undefined ? 'the field is absent' : `the value is ${shown(raw)}`);
  }
  if (raw === undefined) return leaf(false, 'the field is absent');
  const values: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  const holds = values.some((value) => testValue(test, value, subject));
  const part = leftOutOf(whole, raw) || notLookedAt(test, values);
  const why = `the value is ${shown(whole)}${holds ? '' : hintFor(test, values, subject)}`;
  return leaf(holds, part === '' ? why : `${why}; ${part}`);
}

/** By itself, as the first expression that an event is asked for. */
function looked({ source, flags }: Extract<ValueTest, { kind: 'regex' }>, text: string): Look {
  return compileRegex(source, flags).testWithin(text, MAX_STATE_UNITS);
}

function notLookedAt(test: ValueTest, values: readonly unknown[]): string {
  if (test.kind !== 'regex') return '';
  const leftOut = values.reduce((sum: number, value) => sum + looked(test, textOf(value) ?? '').leftOut, 0);
  return leftOut === 0
    ? ''
    : `the expression needs many states and did not look at ${leftOut} characters in the middle`;
}

/** Names the difference that people overlook. */
function hintFor(test: ValueTest, values: readonly unknown[], subject: Subject): string {
  if (
    test.kind === 'text' &&
    test.cased &&
    values.some((value) => testValue({ ...test, cased: false }, value, subject))
  )
    return '; it differs in case only';
  if (
    test.kind === 'regex' &&
    values.some((value) => testValue({ ...test, flags: `${test.flags}i` }, value, subject))
  )
    return '; it differs in case only (re|i)';
  if (test.kind === 'text') {
    const pattern = concatAny(test.pattern);
    if (values.some((value) => testValue({ ...test, pattern }, value, subject)))
      return '; the text stands within it (contains)';
  }
  if (test.kind === 'fieldref') return `; ${test.field} is ${shown(subject.read(test.field))}`;
  if (values.every((value) => typeof value === 'object' && value !== null))
    return '; a map or a list within a list fits no test';
  return '';
}

function concatAny(pattern: Pattern): Pattern {
  return [ANY, ...pattern, ANY];
}

/** The plain reading of a test on one value. */
function testValue(test: ValueTest, value: unknown, subject: Subject): boolean {
  const text = textOf(value);
  switch (test.kind) {
    case 'text':
      return text !== undefined && fitsPattern(test.pattern, text, test.cased);
    case 'regex':
      return text !== undefined && looked(test, text).fits;
    case 'number':
      if (typeof value === 'string') return [fold(test.source), String(test.value)].includes(fold(value));
      return (typeof value === 'number' || typeof value === 'bigint') && sameNumber(value, test.value);
    case 'boolean':
      return (
        value === test.value || (typeof value === 'string' && value.toLowerCase() === String(test.value))
      );
    case 'compare': {
      const number = numberOf(value);
      return number !== undefined && comparePlainly(number, test.operator, test.value);
    }
    case 'time': {
      const number = timePart(value, test.part);
      return number !== undefined && comparePlainly(number, test.operator, test.value);
    }
    case 'cidr':
      return text !== undefined && isWithin(text, test.network);
    case 'fieldref': {
      const raw = shorten(subject.read(test.field));
      const others = (Array.isArray(raw) ? raw : [raw]).map(textOf).filter((one) => one !== undefined);
      const own = text === undefined || test.cased ? text : fold(text);
      return (
        own !== undefined &&
        others.some((one) => standsPlainly(own, test.cased ? one : fold(one), test.position))
      );
    }
    case 'exists':
    case 'null':
      return false;
  }
}

/** Tries every way to lay the pattern over the text, from the left; remembers what failed. */
function fitsPattern(pattern: Pattern, text: string, cased: boolean): boolean {
  const shownText = cased ? text : fold(text);
  const failed = new Set<number>();
  const width = shownText.length + 1;
  const fits = (piece: number, at: number): boolean => {
    if (piece === pattern.length) return at === shownText.length;
    const key = piece * width + at;
    if (failed.has(key)) return false;
    const one = pattern[piece];
    let result = false;
    if (one === ANY) {
      const next = pattern[piece + 1];
      const literal = typeof next !== 'string' ? '' : cased ? next : fold(next);
      let end = shownText.indexOf(literal, at);
      for (
        ;
        end >= 0 && end <= shownText.length && !result;
        end = end < shownText.length ? shownText.indexOf(literal, end + 1) : -1
      )
        result = fits(piece + 1, end);
    } else if (typeof one === 'string') {
      const literal = cased ? one : fold(one);
      result = shownText.startsWith(literal, at) && fits(piece + 1, at + literal.length);
    } else if (at < shownText.length && (one !== DASH || DASHES.includes(shownText.charAt(at)))) {
      result = fits(piece + 1, at + String.fromCodePoint(shownText.codePointAt(at) ?? 0).length);
    }
    if (!result) failed.add(key);
    return result;
  };
  return fits(0, 0);
}

function comparePlainly(number: number | bigint, operator: CompareOperator, limit: number | bigint): boolean {
  const order = number < limit ? -1 : number > limit ? 1 : 0;
  return {
    lt: order < 0,
    lte: order <= 0,
    gt: order > 0,
    gte: order >= 0,
    eq: order === 0,
    neq: order !== 0,
  }[operator];
}

function isWithin(text: string, network: string): boolean {
  // Only an IPv6 address has a zone.
  const bare = text.includes(':') ? (text.split('%')[0] ?? '') : text;
  const isAddress = /^(\d|[1-9]\d{1,2})(\.(\d|[1-9]\d{1,2})){3}$/.test(bare) || bare.includes(':');
  if (!isAddress || !ipaddr.isValid(bare)) return false;
  const [base, prefix] = ipaddr.parseCIDR(network);
  const address = base.kind() === 'ipv4' ? ipaddr.process(bare) : ipaddr.parse(bare);
  return address.kind() === base.kind() && address.match([base, prefix] as [typeof address, number]);
}

function standsPlainly(text: string, reference: string, position: string): boolean {
  const at = {
    equals: text === reference,
    startswith: text.indexOf(reference) === 0,
    contains: text.includes(reference),
  };
  if (position === 'endswith') return text.slice(Math.max(0, text.length - reference.length)) === reference;
  return at[position as keyof typeof at];
}

/** A test as a person would write it. */
export function describe(test: ValueTest): string {
  switch (test.kind) {
    case 'text':
      return `is "${showPattern(test.pattern)}"${test.cased ? ' (cased)' : ''}`;
    case 'number':
      return `is ${test.source}`;
    case 'boolean':
      return `is ${test.value}`;
    case 'null':
      return 'has no value';
    case 'exists':
      return test.expected ? 'exists' : 'does not exist';
    case 'regex':
      return `matches /${test.source}/${test.flags}`;
    case 'compare':
      return `${test.operator} ${test.value}`;
    case 'cidr':
      return `is in ${test.network}`;
    case 'time':
      return `${test.part} ${test.operator} ${test.value}`;
    case 'fieldref':
      return `${test.position === 'equals' ? 'is the same as' : test.position} ${test.field}`;
  }
}

function shown(value: unknown): string {
  const text = jsonText(value);
  return text.length > MAX_SHOWN_CHARS
    ? `${text.slice(0, MAX_SHOWN_CHARS)}… (${text.length} characters)`
    : text;
}
