/** Views of Spoor's own events together with the rules that could match what they show. */

import type { EventName } from '../event.ts';
import type { Engine, Route } from './engine.ts';
import type { EventView } from './event-source.ts';
import { fieldsOf } from './expression.ts';
import { coversSource, type DetectionRule } from './rule.ts';

export interface RoutedView {
  readonly eventView: EventView;
  readonly route: Route;
}

/**
 * Views that no rule looks at are left out, so an event that nobody asks about costs one look-up. A rule of keywords
 * alone sees the same in every view, so it is asked in one.
 */
export function routedViews(
  engine: Engine,
  views: ReadonlyMap<EventName, readonly EventView[]>,
): ReadonlyMap<EventName, readonly RoutedView[]> {
  const routed = new Map<EventName, readonly RoutedView[]>();
  for (const [name, shown] of views) {
    const kept = shown
      .map((eventView) => {
        const isElsewhere = (rule: DetectionRule) => {
          const home = shown.find((other) => other.showsAll && coversSource(rule.logsource, other.logsource));
          return home !== undefined && home !== eventView;
        };
        const asks = (rule: DetectionRule) => fieldsOf(rule.expression).size > 0 || !isElsewhere(rule);
        return { eventView, route: engine.routeKnowing(eventView.logsource, eventView.known, asks) };
      })
      .filter(({ route }) => route.rules.length > 0);
    if (kept.length > 0) routed.set(name, kept);
  }
  return routed;
}
