/** spoor rules coverage: ATT&CK techniques and the rules for them; rules that cannot fire, and that never fired. */

import { createFeeds, sourceText } from '../../detect/feed.ts';
import { createMatcher } from '../../detect/matcher.ts';
import { attackIds, type Rule } from '../../detect/rule.ts';
import { keyOf, type RuleSet } from '../../detect/ruleset.ts';
import { type EventPlaces, readEvents } from './event-places.ts';
import { loadRules } from './input.ts';
import { say, sayJson, warn } from './say.ts';

export interface CoverageOptions {
  readonly paths: readonly string[];
  readonly vars?: string;
  /** Events in which rules may have fired. */
  readonly events?: string;
  /** A state folder in whose log rules may have fired. */
  readonly state?: string;
  readonly product: string;
  readonly json?: true;
}

/** @returns 0, or 2 when a rule was refused */
export async function coverage(options: CoverageOptions): Promise<number> {
  const rules = loadRules(options.paths, options.vars);
  for (const refusal of rules.refusals) warn(refusal);
  const exitCode = rules.refusals.length > 0 ? 2 : 0;
  const speaking = [...rules.detections, ...rules.correlations.map(({ rule }) => rule)].filter(
    (rule) => !rules.silent.has(rule),
  );
  const techniques = new Map<string, Rule[]>();
  for (const rule of speaking)
    for (const id of attackIds(rule.tags)) techniques.set(id, [...(techniques.get(id) ?? []), rule]);
  const feeds = createFeeds(rules.detections, options.product);
  const cannot = rules.detections.filter((rule) => feeds.of(rule).kind !== 'fed');
  const fired = (options.events ?? options.state) ? await firings(rules, placesOf(options)) : undefined;
  const never = fired === undefined ? [] : speaking.filter((rule) => !fired.has(rule));
  if (options.json) {
    const plain = (rule: Rule) => ({ rule: keyOf(rule), title: rule.title });
    const object = {
      techniques: Object.fromEntries([...techniques].sort().map(([id, of]) => [id, of.map(plain)])),
      cannot_fire: cannot.map(plain),
      never_fired: fired === undefined ? null : never.map(plain),
      fired: fired === undefined ? null : [...fired].map(([rule, count]) => ({ ...plain(rule), count })),
    };
    sayJson(object);
    return exitCode;
  }
  const lines = [...techniques]
    .sort()
    .map(([id, of]) => `${id.padEnd(10)} ${of.map(({ title }) => title).join('; ')}`);
  for (const rule of cannot) lines.push(`cannot fire: ${rule.title} (${sourceText(rule.logsource)})`);
  for (const [rule, count] of fired ?? []) lines.push(`fired ${count}: ${rule.title}`);
  for (const rule of never) lines.push(`never fired: ${rule.title}`);
  lines.push(
    `${speaking.length} rules for ${techniques.size} techniques; ${cannot.length} cannot fire${fired === undefined ? '' : `, ${never.length} never fired`}`,
  );
  for (const line of lines) say(line);
  return exitCode;
}

function placesOf({ events, state }: CoverageOptions): EventPlaces {
  return { ...(events !== undefined && { events }), ...(state !== undefined && { state }) };
}

async function firings(rules: RuleSet, places: EventPlaces): Promise<Map<Rule, number>> {
  const matcher = createMatcher(rules, 'routed');
  const counts = new Map<Rule, number>();
  for await (const event of readEvents(places))
    for (const rule of matcher.match(event)) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return counts;
}
