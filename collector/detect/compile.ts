/** Makes a function of an expression. Each closure asks the view for what it needs and nothing else. */

import { compileNetwork } from './address.ts';
import { compileCompare, compileTime, sameNumber } from './compare.ts';
import type { Expression, Position, ValueTest } from './expression.ts';
import { LONG_CHARS, type Needles, type Stand } from './needles.ts';
import { compilePattern, fold, foldPattern, type Pattern, shapeOf } from './pattern.ts';
import { compileRegex } from './regex.ts';
import { includesText } from './search.ts';
import { EVERY_FIELD, type FieldTable, type FoldedTest, type TextTest, textOf, type View } from './view.ts';

/** Elements of each list compared with each of the other by fieldref: each with each, so they are few. */
const MAX_COMPARED_ELEMENTS = 64;

export type Predicate = (view: View) => boolean;

export function compileExpression(expression: Expression, fields: FieldTable): Predicate {
  switch (expression.kind) {
    case 'and':
      return every(expression.parts.map((part) => compileExpression(part, fields)));
    case 'or':
      return compileOr(expression.parts, fields);
    case 'not': {
      const part = compileExpression(expression.part, fields);
      return (view) => !part(view);
    }
    case 'named':
      return compileExpression(expression.part, fields);
    case 'field':
      return compileField(fields.number(expression.field), expression.test, fields);
    case 'keyword':
      return compileKeyword(expression.test, fields);
  }
}

function every(parts: readonly Predicate[]): Predicate {
  const [first, second] = parts;
  if (parts.length === 2 && first && second) return (view) => first(view) && second(view);
  return (view) => {
    for (const part of parts) if (!part(view)) return false;
    return true;
  };
}

/** Values of one field are tested together, so a list of fifty costs one look at the field. */
function compileOr(parts: readonly Expression[], fields: FieldTable): Predicate {
  const rest: Predicate[] = [];
  const byField = new Map<string, FoldedTest[]>();
  const exact = new Map<string, Set<string>>();
  for (const part of parts) {
    if (part.kind !== 'field' || part.test.kind !== 'text' || part.test.cased) {
      rest.push(compileExpression(part, fields));
      continue;
    }
    const pattern = foldPattern(part.test.pattern);
    const shape = shapeOf(pattern);
    if (shape.kind === 'exact') exact.set(part.field, (exact.get(part.field) ?? new Set()).add(shape.text));
    else
      byField.set(part.field, [
        ...(byField.get(part.field) ?? []),
        foldedTest(pattern, fields.number(part.field), fields),
      ]);
  }
  for (const [field, texts] of exact)
    byField.set(field, [
      exactTest(texts, fields.needlesOf(fields.number(field))),
      ...(byField.get(field) ?? []),
    ]);
  for (const [field, tests] of byField) {
    const number = fields.number(field);
    const test = anyTest(tests);
    rest.push((view) => view.someFolded(number, test));
  }
  const [only] = rest;
  if (rest.length === 1 && only) return only;
  return (view) => {
    for (const part of rest) if (part(view)) return true;
    return false;
  };
}

function anyTest(tests: readonly FoldedTest[]): FoldedTest {
  const [only] = tests;
  if (tests.length === 1 && only) return only;
  return {
    one(text, view) {
      for (const test of tests) if (test.one(text, view)) return true;
      return false;
    },
    some(texts, view) {
      for (const test of tests) if (test.some(texts, view)) return true;
      return false;
    },
  };
}

function exactTest(wanted: ReadonlySet<string>, needles: Needles): FoldedTest {
  const tests = [...wanted].map((text) => standingTest(needles, text, 'exact'));
  return {
    one: (text) => wanted.has(text),
    some: (texts, view) => tests.some((test) => test.some(texts, view)),
  };
}

function compileField(field: number, test: ValueTest, fields: FieldTable): Predicate {
  switch (test.kind) {
    case 'text': {
      if (!test.cased) {
        const folded = foldedTest(foldPattern(test.pattern), field, fields);
        return (view) => view.someFolded(field, folded);
      }
      const fits = boundedTest(field, compilePattern(test.pattern));
      return (view) => view.someText(field, fits);
    }
    case 'regex': {
      const fits = regexTest(test, field, fields);
      return (view) => view.someText(field, fits);
    }
    case 'number': {
      const texts = new Set([fold(test.source), String(test.value)]);
      return (view) =>
        view.someValue(field, (value) =>
          typeof value === 'string'
            ? texts.has(fold(value))
            : isNumber(value) && sameNumber(value, test.value),
        );
    }
    case 'boolean': {
      const text = String(test.value);
      return (view) =>
        view.someValue(
          field,
          (value) => value === test.value || (typeof value === 'string' && fold(value) === text),
        );
    }
    case 'null':
      return (view) => isNothing(view.raw(field));
    case 'exists':
      return (view) => (view.raw(field) !== undefined) === test.expected;
    case 'compare': {
      const compare = compileCompare(test.operator, test.value);
      return (view) => view.someValue(field, compare);
    }
    case 'time': {
      const compare = compileTime(test.part, test.operator, test.value);
      return (view) => view.someValue(field, compare);
    }
    case 'cidr': {
      const contains = boundedTest(field, compileNetwork(test.network));
      return (view) => view.someText(field, contains);
    }
    case 'fieldref':
      return compileReference(field, test, fields);
  }
}

function compileReference(
  field: number,
  test: Extract<ValueTest, { kind: 'fieldref' }>,
  fields: FieldTable,
): Predicate {
  const other = fields.number(test.field);
  const textsOf = (view: View, number: number): readonly string[] => {
    if (!test.cased) {
      const folded = view.folded(number);
      return folded === undefined ? (view.foldedList(number) ?? []) : [folded];
    }
    const raw = view.raw(number);
    return (Array.isArray(raw) ? raw : [raw]).map(textOf).filter((text) => text !== undefined);
  };
  return (view) => {
    const references = textsOf(view, other);
    if (references.length === 0) return false;
    const texts = textsOf(view, field);
    if (test.position === 'equals') {
      const wanted = new Set(references);
      return texts.some((text) => wanted.has(text));
    }
    const few = references.slice(0, MAX_COMPARED_ELEMENTS);
    return texts
      .slice(0, MAX_COMPARED_ELEMENTS)
      .some((text) =>
        few.some((reference) => view.affords(field, text) && stands(text, reference, test.position)),
      );
  };
}

function compileKeyword(test: ValueTest, fields: FieldTable): Predicate {
  switch (test.kind) {
    case 'text': {
      if (!test.cased) {
        const folded = foldedTest(foldPattern(test.pattern), EVERY_FIELD, fields);
        return (view) => view.someLeaf(folded);
      }
      const fits = boundedTest(EVERY_FIELD, compilePattern(test.pattern));
      return (view) => view.leaves().some((text) => fits(text, view));
    }
    case 'regex': {
      const fits = regexTest(test, EVERY_FIELD, fields);
      return (view) => view.leaves().some((text) => fits(text, view));
    }
    case 'cidr': {
      const contains = boundedTest(EVERY_FIELD, compileNetwork(test.network));
      return (view) => view.leaves().some((text) => contains(text, view));
    }
    default:
      throw new TypeError(`a keyword cannot be tested by ${test.kind}: the reader refuses it`);
  }
}

/** A pattern on folded texts. What stands in a long one is looked up among all that is looked for there. */
function foldedTest(pattern: Pattern, field: number, fields: FieldTable): FoldedTest {
  const shape = shapeOf(pattern);
  if (shape.kind === 'any') return { one: () => true, some: (texts) => texts.length > 0 };
  if (shape.kind === 'general') return eachTest(boundedTest(field, compilePattern(pattern)));
  return standingTest(fields.needlesOf(field), shape.text, shape.kind);
}

function standingTest(needles: Needles, wanted: string, stand: Stand): FoldedTest {
  const needle = needles.number(wanted, stand);
  const plain = PLAIN[stand];
  if (needle === undefined) return eachTest((text) => plain(text, wanted));
  const isFound = (value: string | readonly string[], view: View) =>
    view.standingIn(needles, value).has(needle);
  return {
    one:
      stand === 'contains'
        ? (text, view) => (text.length <= LONG_CHARS ? text.includes(wanted) : isFound(text, view))
        : (text) => plain(text, wanted),
    some: isFound,
  };
}

const PLAIN: Readonly<Record<Stand, (text: string, wanted: string) => boolean>> = {
  contains: includesText,
  prefix: (text, wanted) => text.startsWith(wanted),
  suffix: (text, wanted) => text.endsWith(wanted),
  exact: (text, wanted) => text === wanted,
};

/** Of a list each element is tested. */
function eachTest(one: TextTest): FoldedTest {
  return { one, some: (texts, view) => texts.some((text) => one(text, view)) };
}

/** Compiled later: what the index keeps from most rules need not be made for them. */
function regexTest(
  { source, flags }: Extract<ValueTest, { kind: 'regex' }>,
  field: number,
  fields: FieldTable,
): TextTest {
  const regex = fields.later.value(() => compileRegex(source, flags));
  return (text, view) => {
    if (!view.affords(field, text)) return false;
    const { fits, units, leftOut } = regex().testWithin(text, view.allowance.stateUnits);
    view.allowance.stateUnits -= units;
    if (leftOut > 0)
      view.leftOut.set(
        field,
        `an expression that needs many states did not look at ${leftOut} of ${text.length} characters`,
      );
    return fits;
  };
}

/** A test that goes through a text by itself. */
function boundedTest(field: number, test: (text: string) => boolean): TextTest {
  return (text, view) => view.affords(field, text) && test(text);
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** No value: absent, null, an empty list, or a list with a null in it. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return Array.isArray(value) && (value.length === 0 || value.includes(null));
}

/** Whether `reference` stands in `text` as the position says. */
export function stands(text: string, reference: string, position: Position): boolean {
  switch (position) {
    case 'equals':
      return text === reference;
    case 'startswith':
      return text.startsWith(reference);
    case 'endswith':
      return text.endsWith(reference);
    case 'contains':
      return includesText(text, reference);
  }
}
