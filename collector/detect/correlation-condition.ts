/** The extended condition of a temporal correlation: `recon and not cleanup`, over the rules it refers to. */

import type { RuleCondition } from './rule.ts';

/** Brackets within brackets; past it the condition is refused, so that its reader's stack is not at its mercy. */
const MAX_BRACKETS = 50;

/**
 * @param references ids or names, in the order of the correlation's `rules`
 * @param refuse called with the cause; must throw
 */
export function readRuleCondition(
  text: string,
  references: readonly string[],
  refuse: (cause: string) => never,
): RuleCondition {
  const tokens = text.match(/[()]|[^\s()]+/g) ?? [];
  let at = 0;
  let brackets = 0;
  const peek = (): string => (tokens[at] ?? '').toLowerCase();

  function chain(word: 'and' | 'or', next: () => RuleCondition): RuleCondition {
    const first = next();
    const parts = [first];
    while (peek() === word) {
      at += 1;
      parts.push(next());
    }
    return parts.length === 1 ? first : { kind: word, parts };
  }
  const or = (): RuleCondition => chain('or', and);
  const and = (): RuleCondition => chain('and', not);

  function not(): RuleCondition {
    let isNegated = false;
    while (peek() === 'not') {
      at += 1;
      isNegated = !isNegated;
    }
    const part = operand();
    return isNegated ? { kind: 'not', part } : part;
  }

  function operand(): RuleCondition {
    const token = tokens[at];
    if (token === undefined) return refuse(`the condition "${text}" ends where a rule must follow`);
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
    const rule = references.indexOf(token);
    if (rule < 0) refuse(`the condition names "${token}", which is not in "rules"`);
    return { kind: 'rule', rule };
  }

  const condition = or();
  if (at < tokens.length)
    refuse(`the condition "${text}" has "${tokens[at]}" where and, or or its end must stand`);
  return condition;
}

/** Whether the condition holds when exactly the rules in `seen` matched. */
export function holds(condition: RuleCondition, seen: (rule: number) => boolean): boolean {
  switch (condition.kind) {
    case 'rule':
      return seen(condition.rule);
    case 'and':
      return condition.parts.every((part) => holds(part, seen));
    case 'or':
      return condition.parts.some((part) => holds(part, seen));
    case 'not':
      return !holds(condition.part, seen);
  }
}
