/** Asks rules of events that come from a file: flat objects with Sigma's field names, or events as Spoor writes them. */

import type { EventName } from '../event.ts';
import { type Correlator, createCorrelator, type Match } from './correlate.ts';
import { createEngine, type Engine, type Route } from './engine.ts';
import { createEventViews, type EventView } from './event-source.ts';
import type { JsonEvent } from './json-event.ts';
import type { Rule } from './rule.ts';
import type { RuleSet } from './ruleset.ts';
import { JsonSource, type Source, View } from './view.ts';

export interface Matcher {
  readonly engine: Engine;
  readonly correlator: Correlator;
  /**
   * The rules that match an event, correlations it completes last. Events come in the order of the file.
   * @param name what correlations call the event; its place in the order when left out
   */
  match(event: JsonEvent, name?: string): Rule[];
  /** Of the event asked last: values so long that only a part of them was looked at, as a person is told of it. */
  leftOut(): readonly string[];
}

/** @param routing `routed`: an event that says its log source is shown only to rules for it */
export function createMatcher(rules: RuleSet, routing: 'routed' | 'every rule'): Matcher {
  const engine = createEngine(rules.detections);
  const correlator = createCorrelator(rules.correlations);
  const view = new View();
  const json = new JsonSource(engine.fields);
  const ownViews = createEventViews(engine.fields, 'linux');
  const ownRoutes = new Map<EventView, Route>();
  let timeMs = 0;
  let count = 0;
  let leftOut = new Set<string>();

  function routeOf(one: EventView): Route {
    const known = ownRoutes.get(one);
    if (known) return known;
    const route =
      routing === 'routed' ? engine.routeKnowing(one.logsource, one.known) : engine.route(undefined);
    ownRoutes.set(one, route);
    return route;
  }

  function ask(source: Source, route: Route, matches: Match[]): void {
    for (const rule of engine.match(view, route))
      if (!matches.some((one) => one.rule === rule))
        matches.push({ rule, read: (field) => source.read(engine.fields.number(field)) });
  }

  return {
    engine,
    correlator,
    leftOut: () => [...leftOut],
    match(event, name = String(count)) {
      leftOut = new Set();
      const matches: Match[] = [];
      const { own } = event;
      view.show(json.of(own ? {} : event.fields));
      if (own) {
        for (const one of viewsOf(ownViews, own.name)) {
          if (!one.shows(own)) continue;
          view.showAlso(one.of(own));
          ask(one, routeOf(one), matches);
        }
      } else ask(json, engine.route(routing === 'routed' ? event.logsource : undefined), matches);
      for (const [field, what] of view.leftOut)
        leftOut.add(`${engine.fields.names[field] ?? 'keywords'}: ${what}`);
      // An event without a time happened when the one before it did.
      timeMs = event.timeMs ?? timeMs;
      count += 1;
      const hits = correlator.feed(matches, timeMs, name);
      return [...matches.map(({ rule }) => rule), ...hits.map(({ rule }) => rule)].filter(
        (rule) => !rules.silent.has(rule),
      );
    },
  };
}

function viewsOf(views: ReadonlyMap<EventName, readonly EventView[]>, name: EventName): readonly EventView[] {
  return views.get(name) ?? [];
}
