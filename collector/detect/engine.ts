/** The engine: which detection rules match an event. */

import { compileExpression, type Predicate } from './compile.ts';
import { coversSource, type DetectionRule, type LogSource } from './rule.ts';
import { FieldTable, type View } from './view.ts';

/** Log sources remembered with their rules, about 8 B a rule each. Events decide what they are called, so past it all are forgotten. */
const MAX_ROUTES = 1_000;

interface CompiledRule {
  readonly rule: DetectionRule;
  readonly matches: Predicate;
}

export interface Engine {
  readonly fields: FieldTable;
  /**
   * The rules that match what the view shows, in the order of the set.
   * @param source the log source of the event; undefined when it is not known: every rule is asked
   */
  match(view: View, source: LogSource | undefined): DetectionRule[];
}

export function createEngine(rules: readonly DetectionRule[]): Engine {
  const fields = new FieldTable();
  const compiled = rules.map(
    (rule): CompiledRule => ({ rule, matches: compileExpression(rule.expression, fields) }),
  );
  const routes = new Map<string, readonly CompiledRule[]>();

  function route(source: LogSource): readonly CompiledRule[] {
    const key = `${source.category ?? ''}\n${source.product ?? ''}\n${source.service ?? ''}`;
    const known = routes.get(key);
    if (known) return known;
    const fitting = compiled.filter(({ rule }) => coversSource(rule.logsource, source));
    if (routes.size >= MAX_ROUTES) routes.clear();
    routes.set(key, fitting);
    return fitting;
  }

  return {
    fields,
    match(view, source) {
      const found: DetectionRule[] = [];
      for (const { rule, matches } of source === undefined ? compiled : route(source))
        if (matches(view)) found.push(rule);
      return found;
    },
  };
}
