/** The three kinds of documents of Sigma 2.1 as the engine holds them. */

import type { Doubt } from './doubt.ts';
import type { CompareOperator, Expression } from './expression.ts';
import type { Place } from './refusal.ts';

export type Level = 'informational' | 'low' | 'medium' | 'high' | 'critical';
export const LEVELS: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical'];

/** Where events come from, lower case. What is left out fits everything. */
export interface LogSource {
  readonly category?: string | undefined;
  readonly product?: string | undefined;
  readonly service?: string | undefined;
}

export interface RuleHead {
  readonly file: string;
  readonly at: Place;
  readonly title: string;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly description: string;
  readonly level: Level;
  readonly tags: readonly string[];
  readonly falsePositives: readonly string[];
  /** What an analyst should do; Spoor's own key `response`. */
  readonly response: string;
  readonly status: string;
  /** Whose events the rule judges on an endpoint: those of sessions, or of the whole host. Spoor's own `spoor.scope`. */
  readonly scope: 'session' | 'host';
  /** Kinds of machines the rule is meant for: Sigma's `scope`. For people; nothing here tells machines apart. */
  readonly machines: readonly string[];
  /** What is odd about its text, for the linter. */
  readonly doubts: readonly Doubt[];
}

export interface DetectionRule extends RuleHead {
  readonly kind: 'detection';
  readonly logsource: LogSource;
  readonly expression: Expression;
  /** Search identifiers that the condition never uses. */
  readonly unused: readonly string[];
}

export type CorrelationType =
  | 'event_count'
  | 'value_count'
  | 'temporal'
  | 'temporal_ordered'
  | 'value_sum'
  | 'value_avg'
  | 'value_percentile'
  | 'value_median';

export interface Comparison {
  readonly operator: CompareOperator;
  readonly value: number;
}

/** `a and not b` over the rules of a temporal correlation. */
export type RuleCondition =
  | { readonly kind: 'rule'; readonly rule: number }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly RuleCondition[] }
  | { readonly kind: 'not'; readonly part: RuleCondition };

export interface CorrelationRule extends RuleHead {
  readonly kind: 'correlation';
  readonly type: CorrelationType;
  /** Ids or names of the rules it refers to. */
  readonly rules: readonly { readonly reference: string; readonly at: Place }[];
  readonly groupBy: readonly string[];
  readonly timespanMs: number;
  /** All must hold. */
  readonly comparisons: readonly Comparison[];
  readonly condition: RuleCondition | undefined;
  readonly fields: readonly string[];
  readonly percentile: number | undefined;
  /** alias, rule reference, field of that rule's events. */
  readonly aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly generate: boolean;
}

export interface FilterRule extends RuleHead {
  readonly kind: 'filter';
  readonly logsource: LogSource;
  /** References, or undefined for every rule of the log source. */
  readonly rules: readonly { readonly reference: string; readonly at: Place }[] | undefined;
  readonly expression: Expression;
  /** The condition as written, for the linter. */
  readonly conditionText: string;
}

export type Rule = DetectionRule | CorrelationRule | FilterRule;

/** MITRE ATT&CK technique ids of the rule's tags: attack.t1059.004 is T1059.004. */
export function attackIds(tags: readonly string[]): string[] {
  const ids = tags
    .filter((tag) => /^attack\.t\d{4}(\.\d{3})?$/.test(tag))
    .map((tag) => tag.slice('attack.'.length).toUpperCase());
  return [...new Set(ids)];
}

/** Whether a rule for `wanted` looks at events of `source`. */
export function coversSource(wanted: LogSource, source: LogSource): boolean {
  return (
    (wanted.category === undefined || wanted.category === source.category) &&
    (wanted.product === undefined || wanted.product === source.product) &&
    (wanted.service === undefined || wanted.service === source.service)
  );
}
