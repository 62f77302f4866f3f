/** Sigma's conditions: `selection and not 1 of filter_*`. */

import { all, any, type Expression } from './expression.ts';
import { nearest } from './refusal.ts';

/** A condition people write fits in a few lines; a longer one is refused before it is taken apart. */
const MAX_CONDITION_CHARS = 20_000;

/** Brackets within brackets; past it the condition is refused, so that its reader's stack is not at its mercy. */
const MAX_BRACKETS = 50;

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
  if (text.length > MAX_CONDITION_CHARS)
    refuse(`the condition has more than ${MAX_CONDITION_CHARS} characters`);
  if (text.includes('|'))
    refuse(
      'a condition with "|" (count, near) is no longer Sigma; write a correlation rule: docs/rules.md#correlations',
    );
  const tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  let brackets = 0;

  const peek = (): string => (tokens[at] ?? '').toLowerCase();

  function or(): Expression {
    const parts = [and()];
    while (peek() === 'or') {
      at += 1;
      parts.push(and());
    }
    return any(parts);
  }

  function and(): Expression {
    const parts = [not()];
    while (peek() === 'and') {
      at += 1;
      parts.push(not());
    }
    return all(parts);
  }

  function not(): Expression {
    let isNegated = false;
    while (peek() === 'not') {
      at += 1;
      isNegated = !isNegated;
    }
    const part = operand();
    return isNegated ? { kind: 'not', part } : part;
  }

  function operand(): Expression {
    const token = tokens[at];
    const word = peek();
    if (token === undefined)
      return refuse(`the condition "${text}" ends where a search identifier must follow`);
    at += 1;
    if (token === '(') {
      brackets += 1;
      if (brackets > MAX_BRACKETS)
        refuse(`the condition has more than ${MAX_BRACKETS} brackets within brackets`);
      const inner = or();
      if (tokens[at] !== ')') refuse(`the condition "${text}" has a bracket that is not closed`);
      at += 1;
      brackets -= 1;
      return inner;
    }
    if (peek() === 'of') {
      at += 1;
      return quantified(word);
    }
    if (word === 'and' || word === 'or' || token === ')')
      return refuse(`the condition "${text}" has "${token}" where a search identifier must stand`);
    return named(token);
  }

  function quantified(quantifier: string): Expression {
    const pattern = tokens[at];
    at += 1;
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

  const expression = or();
  if (at < tokens.length)
    refuse(`the condition "${text}" has "${tokens[at]}" where and, or or its end must stand`);
  return expression;
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
