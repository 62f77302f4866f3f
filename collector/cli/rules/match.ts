/** spoor rules match: which rules match which events of a file. */

import { createMatcher } from '../../detect/matcher.ts';
import { keyOf } from '../../detect/ruleset.ts';
import { readJsonEvents } from './event-file.ts';
import { loadRules } from './input.ts';
import { sayJson, warn } from './say.ts';

export interface MatchOptions {
  readonly rules: string;
  readonly events: string;
  readonly routing: boolean;
  readonly vars?: string;
}

/** One line of the output. */
export interface MatchLine {
  /** Place of the event in the file, from 0; empty lines do not count. */
  readonly event: number;
  readonly rule: string;
  readonly title: string;
  readonly kind: 'detection' | 'correlation';
}

/**
 * Prints a line for each match. Rules that must be refused are named on stderr and make the exit code 2; the others
 * are matched all the same.
 * @throws BadInput
 */
export async function match(options: MatchOptions): Promise<number> {
  const rules = loadRules([options.rules], options.vars);
  for (const refusal of rules.refusals) warn(refusal);
  const matcher = createMatcher(rules, options.routing ? 'routed' : 'every rule');
  let index = 0;
  for await (const event of readJsonEvents(options.events)) {
    for (const rule of matcher.match(event)) {
      const line: MatchLine = {
        event: index,
        rule: keyOf(rule),
        title: rule.title,
        kind: rule.kind === 'correlation' ? 'correlation' : 'detection',
      };
      sayJson(line);
    }
    for (const what of matcher.leftOut()) warn(`${options.events}:${event.line}: ${what}`);
    index += 1;
  }
  return rules.refusals.length > 0 ? 2 : 0;
}
