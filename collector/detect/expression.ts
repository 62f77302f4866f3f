/** What a rule asks of an event, as a tree: the compiler, the index and explain all read this one. */

import type { Pattern } from './pattern.ts';
import type { Place } from './refusal.ts';

export type CompareOperator = 'lt' | 'lte' | 'gt' | 'gte' | 'eq' | 'neq';
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
export type Position = 'equals' | 'startswith' | 'endswith' | 'contains';

/** One question about one value of a field. */
export type ValueTest =
  | { readonly kind: 'text'; readonly pattern: Pattern; readonly cased: boolean }
  /** `source` as written in the rule: 0x1F matches the text "0x1F" and the number 31. */
  | { readonly kind: 'number'; readonly value: number | bigint; readonly source: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** No value: the field is absent, null or an empty list. */
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly expected: boolean }
  | { readonly kind: 'regex'; readonly source: string; readonly flags: string }
  | { readonly kind: 'compare'; readonly operator: CompareOperator; readonly value: number | bigint }
  | { readonly kind: 'cidr'; readonly network: string }
  | {
      readonly kind: 'time';
      readonly part: TimePart;
      readonly operator: CompareOperator;
      readonly value: number | bigint;
    }
  | {
      readonly kind: 'fieldref';
      readonly field: string;
      readonly position: Position;
      readonly cased: boolean;
    };

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'not'; readonly part: Expression }
  /** A search identifier of the rule, so that explain can name it. */
  | { readonly kind: 'named'; readonly name: string; readonly part: Expression }
  /** `at`: where the field's name stands. */
  | { readonly kind: 'field'; readonly field: string; readonly test: ValueTest; readonly at: Place }
  /** A keyword: the test is put to every value of the event. */
  | { readonly kind: 'keyword'; readonly test: ValueTest };

export function all(parts: readonly Expression[]): Expression {
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind: 'and', parts };
}

export function any(parts: readonly Expression[]): Expression {
  const [only] = parts;
  return parts.length === 1 && only ? only : { kind: 'or', parts };
}

/** Every field the expression looks at, fields it refers to included. */
export function fieldsOf(expression: Expression, into: Set<string> = new Set()): Set<string> {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const part of expression.parts) fieldsOf(part, into);
      break;
    case 'not':
    case 'named':
      fieldsOf(expression.part, into);
      break;
    case 'field':
      into.add(expression.field);
      if (expression.test.kind === 'fieldref') into.add(expression.test.field);
      break;
    case 'keyword':
      break;
  }
  return into;
}
