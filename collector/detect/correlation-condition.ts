/** The extended condition of a temporal correlation: `recon and not cleanup`, over the rules it refers to. */

import { parseCondition } from './condition-grammar.ts';
import type { RuleCondition } from './rule.ts';

/**
 * @param references ids or names, in the order of the correlation's `rules`
 * @param refuse called with the cause; must throw
 */
export function readRuleCondition(
  text: string,
  references: readonly string[],
  refuse: (cause: string) => never,
): RuleCondition {
  return parseCondition<RuleCondition>(
    text,
    {
      and: (parts) => ({ kind: 'and', parts }),
      or: (parts) => ({ kind: 'or', parts }),
      not: (part) => ({ kind: 'not', part }),
      operand(words) {
        const token = words.take() ?? '';
        const rule = references.indexOf(token);
        if (rule < 0) refuse(`the condition names "${token}", which is not in "rules"`);
        return { kind: 'rule', rule };
      },
      operandName: 'rule',
    },
    refuse,
  );
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
