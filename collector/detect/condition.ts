/** Sigma's conditions: `selection and not 1 of filter_*`. */

import { parseCondition, type Words } from './condition-grammar.ts';
import { all, any, type Expression } from './expression.ts';
import { nearest } from './refusal.ts';

/** What the names in a condition stand for. */
export type Identifiers = ReadonlyMap<string, Expression>;

/**
 * Reads a condition. Binding, loosest first: or, and, not, `x of`, brackets.
 * @param refuse called with the cause; must throw
 */
export function readCondition(
  text: string,
  identifiers: Identifiers,
  refuse: (cause: string) => never,
): Expression {
  if (text.includes('|'))
    refuse(
      'a condition with "|" (count, near) is no longer Sigma; write a correlation rule: docs/rules.md#correlations',
    );

  function operand(words: Words): Expression {
    const word = words.next;
    const token = words.take() ?? '';
    return words.takeIf('of') ? quantified(word, words.take()) : named(token);
  }

  function quantified(quantifier: string, pattern: string | undefined): Expression {
    if (quantifier !== '1' && quantifier !== 'any' && quantifier !== 'all')
      refuse(`"${quantifier} of" is not in Sigma; write "1 of", "any of" or "all of"`);
    if (pattern === undefined || pattern === '(' || pattern === ')')
      return refuse(`"${quantifier} of" must be followed by "them" or a pattern such as selection*`);
    const names = [...identifiers.keys()].filter(
      (name) => !name.startsWith('_') && (pattern.toLowerCase() === 'them' || fits(pattern, name)),
    );
    if (names.length === 0) refuse(`"${quantifier} of ${pattern}" means no search identifier of this rule`);
    const parts = names.map(named);
    return quantifier === 'all' ? all(parts) : any(parts);
  }

  function named(name: string): Expression {
    const part = identifiers.get(name);
    if (part) return { kind: 'named', name, part };
    const near = nearest(name, identifiers.keys());
    return refuse(
      `the condition names "${name}", which is not defined${near ? `; did you mean "${near}"?` : ''}`,
    );
  }

  return parseCondition(
    text,
    { and: all, or: any, not: (part) => ({ kind: 'not', part }), operand, operandName: 'search identifier' },
    refuse,
  );
}

/** Whether a name fits a pattern whose only wildcard is *. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*');
  const [head = '', ...rest] = parts;
  const tail = rest.pop();
  if (tail === undefined) return name === head;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.endsWith(tail) && name.length - tail.length >= at;
}
