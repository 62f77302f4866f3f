/** Which rules look at a log source: the rules of a set by the log source they name, of which there are few. */

import { coversSource, type DetectionRule, type LogSource } from './rule.ts';

export interface SourceTable {
  /** The rules that look at events of a log source, in the order of the set. */
  covering(source: LogSource): DetectionRule[];
  /** A log source by those of its names that some rule has: the others make no difference. */
  named(source: LogSource): LogSource;
}

const PARTS = ['category', 'product', 'service'] as const;

interface Group {
  readonly source: LogSource;
  readonly rules: { readonly place: number; readonly rule: DetectionRule }[];
}

export function createSourceTable(rules: readonly DetectionRule[]): SourceTable {
  const groups = new Map<string, Group>();
  const names = { category: new Set<unknown>(), product: new Set<unknown>(), service: new Set<unknown>() };
  for (const [place, rule] of rules.entries()) {
    const key = JSON.stringify(PARTS.map((part) => rule.logsource[part]));
    const group = groups.get(key);
    if (group) group.rules.push({ place, rule });
    else groups.set(key, { source: rule.logsource, rules: [{ place, rule }] });
    for (const part of PARTS) names[part].add(rule.logsource[part]);
  }
  return {
    covering: (source) =>
      [...groups.values()]
        .filter((group) => coversSource(group.source, source))
        .flatMap((group) => group.rules)
        .sort((one, other) => one.place - other.place)
        .map(({ rule }) => rule),
    named: (source) =>
      Object.fromEntries(
        PARTS.filter((part) => names[part].has(source[part])).map((part) => [part, source[part]]),
      ),
  };
}
