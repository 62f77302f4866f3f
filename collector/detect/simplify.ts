/** What is left of a rule when it is known which fields an event can have: for views of Spoor's own events. */

import type { Expression, ValueTest } from './expression.ts';

/** What is known of a field before any event is seen. */
export type Known =
  | { readonly kind: 'open' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'constant'; readonly value: string };

export type Simplified = Expression | boolean;

/**
 * Takes out what is already decided. `true` or `false`: every or no event of the view matches.
 * @param test decides a test on a constant
 */
export function simplify(
  expression: Expression,
  known: (field: string) => Known,
  test: (test: ValueTest, value: string) => boolean,
): Simplified {
  switch (expression.kind) {
    case 'and':
    case 'or': {
      const decides = expression.kind === 'or';
      const parts: Expression[] = [];
      for (const part of expression.parts) {
        const left = simplify(part, known, test);
        if (left === decides) return decides;
        if (typeof left !== 'boolean') parts.push(left);
      }
      const [only] = parts;
      if (only === undefined) return !decides;
      return parts.length === 1 ? only : { kind: expression.kind, parts };
    }
    case 'not': {
      const left = simplify(expression.part, known, test);
      return typeof left === 'boolean' ? !left : { kind: 'not', part: left };
    }
    case 'named': {
      const left = simplify(expression.part, known, test);
      return typeof left === 'boolean' ? left : { ...expression, part: left };
    }
    case 'field': {
      const what = known(expression.field);
      if (what.kind === 'absent')
        return (
          expression.test.kind === 'null' || (expression.test.kind === 'exists' && !expression.test.expected)
        );
      if (expression.test.kind === 'fieldref')
        return known(expression.test.field).kind === 'absent' ? false : expression;
      return what.kind === 'constant' ? test(expression.test, what.value) : expression;
    }
    case 'keyword':
      return expression;
  }
}
