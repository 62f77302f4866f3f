/** Whether any event of this host can ever match a rule, and if not, why. */

import { type EventName, SIGMA } from '../../schemas/generated/registry.ts';
import { createEngine } from './engine.ts';
import { createEventViews, type EventView } from './event-source.ts';
import { fieldsOf } from './expression.ts';
import { coversSource, type DetectionRule, type LogSource } from './rule.ts';

export type Feed =
  | { readonly kind: 'fed'; readonly by: readonly EventName[] }
  /** No event is shown as this log source. */
  | { readonly kind: 'no source' }
  /** Events of the log source come, and none can match: these fields are supplied by none of them. */
  | { readonly kind: 'no field'; readonly missing: readonly string[] };

export interface Feeds {
  of(rule: DetectionRule): Feed;
  /** Fields that events of the rule's log source have. */
  hasField(rule: DetectionRule, field: string): boolean;
}

/** @param product the host's operating system as Sigma names it */
export function createFeeds(rules: readonly DetectionRule[], product: string): Feeds {
  const engine = createEngine(rules);
  const views = [...createEventViews(engine.fields, product)].flatMap(([name, shown]) =>
    shown.map((view) => ({ name, view })),
  );
  const routes = new Map<EventView, ReadonlySet<DetectionRule>>();

  function covering(rule: DetectionRule) {
    return views.filter(({ view }) => coversSource(rule.logsource, view.logsource));
  }

  function canMatch(view: EventView, rule: DetectionRule): boolean {
    let possible = routes.get(view);
    if (!possible) {
      possible = new Set(engine.routeKnowing(view.logsource, view.known).rules);
      routes.set(view, possible);
    }
    return possible.has(rule);
  }

  return {
    of(rule) {
      const shown = covering(rule);
      if (shown.length === 0) return { kind: 'no source' };
      const by = shown.filter(({ view }) => canMatch(view, rule)).map(({ name }) => name);
      if (by.length > 0) return { kind: 'fed', by: [...new Set(by)] };
      const missing = [...fieldsOf(rule.expression)].filter((field) =>
        shown.every(({ view }) => view.known(field).kind === 'absent'),
      );
      return { kind: 'no field', missing };
    },
    hasField: (rule, field) => covering(rule).some(({ view }) => view.known(field).kind !== 'absent'),
  };
}

/** Log sources that Spoor's events are shown as, for messages. */
export function shownSources(): string[] {
  const names = Object.values(SIGMA).flatMap((views) => views.map(({ logsource }) => sourceText(logsource)));
  return [...new Set(names)].sort();
}

export function sourceText({ category, product, service }: LogSource): string {
  const parts = [
    category && `category ${category}`,
    product && `product ${product}`,
    service && `service ${service}`,
  ];
  return parts.filter(Boolean).join(', ') || 'every log source';
}
