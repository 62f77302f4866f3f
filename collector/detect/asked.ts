/** For tests: a rule as text, an event as an object, and what the engine and the plain evaluator say of them. */

import { eventOf } from './json-event.ts';
import { loadRuleSet } from './load.ts';
import { createMatcher, type Matcher } from './matcher.ts';
import type { Placeholders } from './placeholder.ts';
import { keyOf, type RuleSet } from './ruleset.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Loads rules that must all be good. @throws with the refusals when one is not */
export function loaded(text: string, placeholders: Placeholders = new Map()): RuleSet {
  const rules = loadRuleSet([{ file: 'rule.yml', text }], placeholders);
  if (rules.refusals.length > 0) throw new Error(rules.refusals.map(String).join('\n'));
  return rules;
}

/** The lines a file of rules is refused with. */
export function refusalsOf(text: string, placeholders: Placeholders = new Map()): string[] {
  return loadRuleSet([{ file: 'rule.yml', text }], placeholders).refusals.map(String);
}

/** Whether a rule with this `detection` section (YAML, not indented) matches the event. */
export function matches(detection: string, event: Fields, placeholders?: Placeholders): boolean {
  const text = `title: t\nlogsource: {}\ndetection:\n${indent(detection)}`;
  return createMatcher(loaded(text, placeholders), 'every rule').match(eventOf(event, 'event', 1)).length > 0;
}

/** Whether one field item, `Field|modifier: value`, matches the event. */
export function itemMatches(item: string, event: Fields, placeholders?: Placeholders): boolean {
  return matches(`sel:\n${indent(item)}\ncondition: sel`, event, placeholders);
}

export function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}

/** Feeds events in turn; gives for each the rules that match, by id, name or title. */
export function verdicts(rules: string | RuleSet, events: readonly Fields[]): string[][] {
  const matcher: Matcher = createMatcher(typeof rules === 'string' ? loaded(rules) : rules, 'routed');
  return events.map((event, index) => matcher.match(eventOf(event, `event ${index}`, index + 1)).map(keyOf));
}
