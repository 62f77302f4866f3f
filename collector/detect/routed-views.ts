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

export interface RoutedViews {
  /** Undefined when no rule looks at such events. */
  get(name: EventName): readonly RoutedView[] | undefined;
}

/**
 * Views that no rule looks at are left out, so an event that nobody asks about costs one look-up. A rule of keywords
 * alone sees the same in every view, so it is asked in one. Made for each kind of event when the first one comes: most
 * kinds never do.
 */
export function routedViews(
  engine: Engine,
  views: ReadonlyMap<EventName, readonly EventView[]>,
): RoutedViews {
  const routed = new Map<EventName, readonly RoutedView[] | undefined>();

  function route(name: EventName): readonly RoutedView[] | undefined {
    const shown = views.get(name) ?? [];
    const kept = shown
      .map((eventView) => {
        const isElsewhere = (rule: DetectionRule) => {
          const home = shown.find((other) => other.showsAll && coversSource(rule.logsource, other.logsource));
          return home !== undefined && home !== eventView;
        };
        const asks = (rule: DetectionRule) => fieldsOf(rule.expression).size > 0 || !isElsewhere(rule);
        return { eventView, route: engine.routeKnowing(eventView.logsource, eventView.known, asks) };
      })
      .filter((one) => one.route.rules.length > 0);
    return kept.length > 0 ? kept : undefined;
  }

  return {
    get(name) {
      const known = routed.get(name);
      if (known !== undefined || routed.has(name)) return known;
      const made = route(name);
      routed.set(name, made);
      return made;
    },
  };
}
