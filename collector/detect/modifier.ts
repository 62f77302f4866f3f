/** Field modifiers: `CommandLine|contains|all` and what each step makes of the values (modifiers appendix 2.1). */

import ipaddr from 'ipaddr.js';
import {
  all,
  any,
  type CompareOperator,
  type Expression,
  type Position,
  type TimePart,
  type ValueTest,
} from './expression.ts';
import {
  ANY,
  concat,
  DASH,
  DASHES,
  hasWildcard,
  type Pattern,
  type Piece,
  parsePattern,
  plainText,
} from './pattern.ts';
import { expandPlaceholders, type Placeholders } from './placeholder.ts';
import { nearest, type Place, Refusal } from './refusal.ts';
import { checkRegex, quotePattern } from './regex.ts';
import type { YamlScalar, YamlTree } from './yaml-tree.ts';

const COMPARISONS: readonly string[] = ['lt', 'lte', 'gt', 'gte'];
const TIME_PARTS: readonly string[] = ['minute', 'hour', 'day', 'week', 'month', 'year'];
const POSITIONS: readonly string[] = ['contains', 'startswith', 'endswith'];
const ENCODINGS: readonly string[] = ['base64', 'base64offset', 'utf16le', 'wide', 'utf16be', 'utf16'];
const REGEX_FLAGS: Readonly<Record<string, string>> = {
  i: 'i',
  m: 'm',
  s: 's',
  ignorecase: 'i',
  multiline: 'm',
  dotall: 's',
};
const KNOWN: readonly string[] = [
  ...COMPARISONS,
  ...TIME_PARTS,
  ...POSITIONS,
  ...ENCODINGS,
  ...Object.keys(REGEX_FLAGS),
  're',
  'all',
  'exists',
  'cased',
  'neq',
  'windash',
  'cidr',
  'expand',
  'fieldref',
];

/** A value on its way through the modifiers. `bytes`: each character stands for one byte (utf16*, for base64). */
type Value =
  | { readonly kind: 'text'; readonly pattern: Pattern; readonly bytes: boolean; readonly source: string }
  | { readonly kind: 'done'; readonly test: ValueTest };

export interface ItemContext {
  readonly file: string;
  readonly placeholders: Placeholders;
}

/**
 * One entry of a detection: field, modifiers, values, as an expression.
 * @throws Refusal naming the modifier or value that does not fit, and what would
 */
export function readItem(context: ItemContext, key: string, keyAt: Place, tree: YamlTree): Expression {
  const [field = '', ...modifiers] = key.split('|');
  const refuse = (at: Place, message: string): never => {
    throw new Refusal(context.file, at, message);
  };
  for (const modifier of modifiers) {
    if (KNOWN.includes(modifier)) continue;
    const near = nearest(modifier, KNOWN);
    refuse(keyAt, `unknown modifier "${modifier}"${near ? `; did you mean "${near}"?` : ''}`);
  }
  const scalars = scalarsOf(context, key, keyAt, tree);
  if (tree.kind === 'list' && scalars.some((scalar) => scalar.value === null))
    refuse(keyAt, `null cannot stand in a list of values; make "${field}: null" a selection of its own`);
  if (modifiers.includes('all') && scalars.length < 2)
    refuse(keyAt, 'modifier "all" needs a list of at least two values; with one value leave it out');

  const tests = scalars.flatMap((scalar) => testsOf(context, field, modifiers, scalar, keyAt));
  const expressions = tests.map((alternatives) =>
    any(
      alternatives.map(
        (test): Expression =>
          field === '' ? { kind: 'keyword', test } : { kind: 'field', field, test, at: keyAt },
      ),
    ),
  );
  const linked = modifiers.includes('all') ? all(expressions) : any(expressions);
  return modifiers.includes('neq') ? { kind: 'not', part: linked } : linked;
}

function scalarsOf(context: ItemContext, key: string, keyAt: Place, tree: YamlTree): readonly YamlScalar[] {
  if (tree.kind === 'scalar') return [tree];
  if (tree.kind === 'map')
    throw new Refusal(context.file, tree, `"${key}" holds a map; a field takes a value or a list of values`);
  if (tree.items.length === 0)
    throw new Refusal(
      context.file,
      keyAt,
      `"${key}" holds an empty list; give it a value, or null for "no value"`,
    );
  return tree.items.map((item) => {
    if (item.kind === 'scalar') return item;
    throw new Refusal(context.file, item, `"${key}" holds a list within a list; write plain values`);
  });
}

/** Applies the modifiers to one value, in order. One value may become several alternatives (base64offset, expand). */
function testsOf(
  context: ItemContext,
  field: string,
  modifiers: readonly string[],
  scalar: YamlScalar,
  keyAt: Place,
): ValueTest[][] {
  const refuse = (message: string): never => {
    throw new Refusal(context.file, scalar, message);
  };
  const steps = modifiers.filter(
    (modifier) => modifier !== 'all' && modifier !== 'neq' && modifier !== 'cased',
  );
  const cased = modifiers.includes('cased');
  const [first] = steps;

  if (first === 'exists') {
    if (steps.length > 1 || cased) refuse('modifier "exists" stands alone');
    if (field === '') refuse('modifier "exists" needs a field name before it');
    if (typeof scalar.value !== 'boolean')
      refuse(`modifier "exists" takes true or false, not "${scalar.source}"`);
    return [[{ kind: 'exists', expected: scalar.value === true }]];
  }
  const numeric = steps.find((step) => COMPARISONS.includes(step) || TIME_PARTS.includes(step));
  if (numeric) return [[numericTest(context, field, steps, scalar)]];
  if (scalar.value === null) {
    if (steps.length > 0 || cased) refuse(`null takes no modifier; write "${field}: null"`);
    if (field === '') refuse('null must belong to a field');
    return [[{ kind: 'null' }]];
  }
  if (steps.length === 0 && !cased && field !== '') {
    if (typeof scalar.value === 'boolean') return [[{ kind: 'boolean', value: scalar.value }]];
    if (typeof scalar.value !== 'string')
      return [[{ kind: 'number', value: scalar.value, source: scalar.source }]];
  }
  // A keyword is looked for anywhere in the event's values.
  const isKeyword =
    field === '' && !steps.some((step) => step === 're' || step === 'cidr' || POSITIONS.includes(step));
  let values: Value[] = [
    { kind: 'text', pattern: parsePattern(scalar.source), bytes: false, source: scalar.source },
  ];
  const chain = isKeyword ? [...steps, 'contains'] : steps;
  for (const [index, step] of chain.entries()) {
    const before = chain.slice(0, index);
    values = values.flatMap((value) => applyStep(context, field, step, before, value, scalar, keyAt));
  }
  const alternatives = values.map((value): ValueTest => {
    if (value.kind === 'text') return { kind: 'text', pattern: value.pattern, cased };
    if (value.test.kind === 'fieldref') return { ...value.test, cased };
    if (cased) refuse(`modifier "cased" does not fit "${value.test.kind}"`);
    if (value.test.kind === 'regex') {
      const cause = checkRegex(value.test.source, value.test.flags);
      if (cause !== undefined) refuse(`regular expression "${value.test.source}": ${cause}`);
    }
    return value.test;
  });
  return [alternatives];
}

function numericTest(
  context: ItemContext,
  field: string,
  steps: readonly string[],
  scalar: YamlScalar,
): ValueTest {
  const refuse = (message: string): never => {
    throw new Refusal(context.file, scalar, message);
  };
  if (field === '') refuse(`modifier "${steps[0]}" needs a field name before it`);
  const [first = '', second] = steps;
  const isTime = TIME_PARTS.includes(first);
  const comparison = isTime ? second : first;
  if (steps.length > (isTime ? 2 : 1) || (comparison !== undefined && !COMPARISONS.includes(comparison)))
    refuse(
      `modifiers "${steps.join('|')}" do not go together; one of ${COMPARISONS.join(', ')}, after a time part or alone`,
    );
  const { value } = scalar;
  if (typeof value !== 'number' && typeof value !== 'bigint')
    return refuse(
      `modifier "${steps.join('|')}" takes a number, not "${scalar.source}"; write it without quotes`,
    );
  if (typeof value === 'number' && !Number.isFinite(value))
    refuse(`"${scalar.source}" is not a number to compare with`);
  const operator = (comparison ?? 'eq') as CompareOperator;
  return isTime
    ? { kind: 'time', part: first as TimePart, operator, value }
    : { kind: 'compare', operator, value };
}

function applyStep(
  context: ItemContext,
  field: string,
  step: string,
  before: readonly string[],
  value: Value,
  scalar: YamlScalar,
  keyAt: Place,
): Value[] {
  const refuse = (message: string): never => {
    throw new Refusal(context.file, keyAt, message);
  };
  if (value.kind === 'done') {
    if (step === 'expand' && value.test.kind === 'regex') return expandRegex(context, value.test, refuse);
    return [stepAfterType(step, value.test, refuse)];
  }
  const text = (pattern: Pattern, bytes = value.bytes): Value => ({ ...value, pattern, bytes });
  switch (step) {
    case 'contains':
      return [text(concat([ANY], value.pattern, [ANY]))];
    case 'startswith':
      return [text(concat(value.pattern, [ANY]))];
    case 'endswith':
      return [text(concat([ANY], value.pattern))];
    case 're':
      if (before.some((earlier) => earlier !== 'expand'))
        refuse(
          `modifier "re" must come first; "${before.join('|')}" changes the expression before it is read`,
        );
      return [{ kind: 'done', test: { kind: 'regex', source: value.source, flags: '' } }];
    case 'cidr':
      if (before.some((earlier) => earlier !== 'expand')) refuse('modifier "cidr" must come first');
      return [
        { kind: 'done', test: { kind: 'cidr', network: checkNetwork(plainText(value.pattern), refuse) } },
      ];
    case 'fieldref':
      if (field === '') refuse('modifier "fieldref" needs a field name before it');
      if (hasWildcard(value.pattern))
        refuse('a field reference has no wildcards; write startswith, endswith or contains after fieldref');
      return [
        {
          kind: 'done',
          test: { kind: 'fieldref', field: plainText(value.pattern), position: 'equals', cased: false },
        },
      ];
    case 'base64':
    case 'base64offset': {
      if (hasWildcard(value.pattern))
        refuse(`modifier "${step}" cannot encode a wildcard; put contains, startswith or endswith after it`);
      const plain = plainText(value.pattern);
      const data = Buffer.from(plain, value.bytes ? 'latin1' : 'utf8');
      if (data.length === 0) refuse(`modifier "${step}" has nothing to encode`);
      if (step === 'base64') return [text([data.toString('base64')], false)];
      return [0, 1, 2].map((offset) => text([base64At(data, offset)], false)).filter(isSomething);
    }
    case 'utf16le':
    case 'wide':
    case 'utf16be':
    case 'utf16':
      if (value.bytes) refuse('a value is encoded to UTF-16 once');
      return [text(wide(value.pattern, step), true)];
    case 'windash':
      return [text(anyDash(value.pattern))];
    case 'expand':
      if (before.some((earlier) => !POSITIONS.includes(earlier)))
        refuse(
          `modifier "expand" must stand before "${before.find((earlier) => !POSITIONS.includes(earlier))}"`,
        );
      return expandPlaceholders(value.source, context.placeholders, refuse).map(
        (source): Value => ({ ...value, source, pattern: rewrap(value.pattern, parsePattern(source)) }),
      );
    default:
      return refuse(`modifier "${step}" does not fit "${scalar.source}"; it follows re`);
  }
}

/** A placeholder's values are Sigma strings, so within an expression their wildcards become .* and . and the rest is plain. */
function expandRegex(
  context: ItemContext,
  test: Extract<ValueTest, { kind: 'regex' }>,
  refuse: (message: string) => never,
): Value[] {
  const write = (value: string) => quotePattern(parsePattern(value));
  return expandPlaceholders(test.source, context.placeholders, refuse, write).map((source) => ({
    kind: 'done',
    test: { ...test, source },
  }));
}

/** What may follow re, cidr and fieldref. */
function stepAfterType(step: string, test: ValueTest, refuse: (message: string) => never): Value {
  if (test.kind === 'regex') {
    const flag = REGEX_FLAGS[step];
    if (flag !== undefined) return { kind: 'done', test: { ...test, flags: test.flags + flag } };
    if (step === 'contains') return { kind: 'done', test };
    if (step === 'startswith') return { kind: 'done', test: { ...test, source: `\\A(?:${test.source})` } };
    if (step === 'endswith') return { kind: 'done', test: { ...test, source: `(?:${test.source})\\z` } };
  }
  if (test.kind === 'fieldref' && POSITIONS.includes(step))
    return { kind: 'done', test: { ...test, position: step as Position } };
  return refuse(`modifier "${step}" does not fit after "${test.kind === 'regex' ? 're' : test.kind}"`);
}

/** The wildcards that earlier modifiers put around a value stay around what its placeholder became. */
function rewrap(before: Pattern, inner: Pattern): Pattern {
  return concat(
    before[0] === ANY ? [ANY] : [],
    inner,
    before.at(-1) === ANY && before.length > 0 ? [ANY] : [],
  );
}

function isSomething(value: Value): boolean {
  return value.kind !== 'text' || value.pattern.some((piece) => piece !== '');
}

/** The part of the base64 text that does not depend on what stands `offset` bytes before it or anywhere after it. */
function base64At(data: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), data])
    .toString('base64')
    .replace(/=+$/, '');
  const start = [0, 2, 3][offset] ?? 0;
  const isWhole = (data.length + offset) % 3 === 0;
  // The last digit of an unfinished group also holds bits of the byte that follows.
  return encoded.slice(start, isWhole ? undefined : -1);
}

function wide(pattern: Pattern, step: string): Pattern {
  const encoded = pattern.map((piece): Piece => {
    if (typeof piece !== 'string') return piece;
    const bytes = Buffer.from(piece, 'utf16le');
    return (step === 'utf16be' ? bytes.swap16() : bytes).toString('latin1');
  });
  return step === 'utf16' ? concat(['\xff\xfe'], encoded) : encoded;
}

/** Turns the dash that begins a flag into "any dash": one after a non-word character or the start, before a word character. */
function anyDash(pattern: Pattern): Pattern {
  return pattern.flatMap((piece, index): Piece[] => {
    if (typeof piece !== 'string') return [piece];
    const parts: Piece[] = [];
    let literal = '';
    for (let at = 0; at < piece.length; at += 1) {
      const char = piece.charAt(at);
      const previous = at > 0 ? piece.charAt(at - 1) : index > 0 ? '*' : '';
      if (DASHES.includes(char) && !/\w/.test(previous) && /\w/.test(piece.charAt(at + 1))) {
        if (literal !== '') parts.push(literal);
        literal = '';
        parts.push(DASH);
      } else literal += char;
    }
    if (literal !== '') parts.push(literal);
    return parts;
  });
}

function checkNetwork(text: string, refuse: (message: string) => never): string {
  const [address = '', length] = text.split('/');
  const isFourParts = address.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(address);
  if (!ipaddr.isValid(address) || !isFourParts || text.split('/').length > 2)
    return refuse(`"${text}" is no network; write it like 10.0.0.0/8 or fd00::/8`);
  const bits = ipaddr.parse(address).kind() === 'ipv4' ? 32 : 128;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (!(prefix <= bits)) return refuse(`"${text}": the prefix must be a number from 0 to ${bits}`);
  const network =
    bits === 32
      ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`).toString()
      : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${prefix}`).toString();
  if (network !== ipaddr.parse(address).toString())
    return refuse(`"${text}" has bits set after its prefix; write ${network}/${prefix}`);
  return `${network}/${prefix}`;
}
