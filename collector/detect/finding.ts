/** A finding: what a rule says, as an event like the others. */

import { type AttributeName, type Attributes, EVENTS } from '../../schemas/generated/registry.ts';
import { type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import type { Closed, CorrelationHit } from './correlate.ts';
import { attackIds, type Level, type Rule } from './rule.ts';

/** Uids of evidence in one finding: 26 B each. The first and the last are kept; how many there were is in the count. */
export const MAX_EVIDENCE = 100;

const SEVERITY_OF: Readonly<Record<Level, number>> = {
  informational: SEVERITY.info,
  low: SEVERITY.low,
  medium: SEVERITY.medium,
  high: SEVERITY.high,
  critical: SEVERITY.critical,
};

/** What a finding says of itself; everything else it takes from the event that fired it. */
const OWN = ['log.record.uid', 'spoor.log.index', 'spoor.cut', 'spoor.redacted'];
const TAKEN = EVENTS.finding.attributes.filter((name) => !OWN.includes(name));

/**
 * @param event the event that made the rule fire; the finding has its time, session and process
 * @param evidence uids of every event that contributed, in order, the firing one last
 */
export function findingOf(rule: Rule, ruleset: string, event: Event, evidence: readonly string[]): Event {
  const attributes: Attributes = {};
  const taken = attributes as Record<AttributeName, unknown>;
  for (const name of TAKEN) {
    const value = event.attributes[name];
    if (value !== undefined) taken[name] = value;
  }
  attributes['event.kind'] = 'alert';
  attributes['security_rule.name'] = rule.title;
  if (rule.id !== undefined) attributes['security_rule.uuid'] = rule.id;
  if (rule.description !== '') attributes['security_rule.description'] = rule.description;
  attributes['security_rule.ruleset.name'] = ruleset;
  attributes['spoor.finding.level'] = rule.level;
  const attack = attackIds(rule.tags);
  if (attack.length > 0) attributes['spoor.finding.attack'] = attack;
  attributes['spoor.finding.evidence'] =
    evidence.length <= MAX_EVIDENCE
      ? evidence
      : [...evidence.slice(0, MAX_EVIDENCE / 2), ...evidence.slice(-MAX_EVIDENCE / 2)];
  return {
    name: 'finding',
    uid: newUid(Number(event.timeNs / 1_000_000n)),
    timeNs: event.timeNs,
    severity: SEVERITY_OF[rule.level],
    traceId: event.traceId,
    spanId: event.spanId,
    attributes,
    seen: undefined,
  };
}

/** The finding of a correlation: of the event that completed it, with what was counted, for whom and how fast. */
export function correlationFindingOf(hit: CorrelationHit, ruleset: string, event: Event): Event {
  const finding = findingOf(hit.rule, ruleset, event, hit.evidence);
  finding.attributes['spoor.finding.count'] = Math.round(hit.value);
  finding.attributes['spoor.finding.window'] = Math.round((hit.lastMs - hit.firstMs) * 1e6);
  if (hit.group.length > 0) finding.attributes['spoor.finding.group'] = hit.group;
  return finding;
}

/** Says how often a correlation held within the window of its finding. `event`: the one that showed the window over. */
export function updateOf(closed: Closed, event: Event): Event {
  const attributes: Attributes = {
    'security_rule.name': closed.rule.title,
    'spoor.finding.uid': closed.findingUid,
    'spoor.finding.count': closed.count,
  };
  if (closed.rule.id !== undefined) attributes['security_rule.uuid'] = closed.rule.id;
  if (closed.group.length > 0) attributes['spoor.finding.group'] = closed.group;
  return {
    name: 'finding.update',
    uid: newUid(Number(event.timeNs / 1_000_000n)),
    timeNs: event.timeNs,
    severity: SEVERITY.info,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}
