/** spoor rules match: which rules match which events of a file. */

import { type Correlator, createCorrelator, type Match } from '../../detect/correlate.ts';
import { createEngine, type Engine, type Route } from '../../detect/engine.ts';
import { createEventViews, type EventView } from '../../detect/event-source.ts';
import type { Rule } from '../../detect/rule.ts';
import { keyOf, type RuleSet } from '../../detect/ruleset.ts';
import { JsonSource, type Source, View } from '../../detect/view.ts';
import type { EventName } from '../../event.ts';
import { loadRules } from './input.ts';
import { type JsonEvent, readJsonEvents } from './json-events.ts';

export interface MatchOptions {
  readonly rules: string;
  readonly events: string;
  readonly routing: boolean;
  readonly vars?: string;
}

/** One line of the output. */
export interface MatchLine {
  /** Place of the event in the file, from 0; empty lines do not count. */
  readonly event: number;
  readonly rule: string;
  readonly title: string;
  readonly kind: 'detection' | 'correlation';
}

/**
 * Prints a line for each match. Rules that must be refused are named on stderr and make the exit code 2; the others
 * are matched all the same.
 * @throws BadInput
 */
export async function match(options: MatchOptions): Promise<number> {
  const rules = loadRules([options.rules], options.vars);
  for (const refusal of rules.refusals) process.stderr.write(`${refusal}\n`);
  const matcher = createMatcher(rules, options.routing ? 'routed' : 'every rule');
  let index = 0;
  for await (const event of readJsonEvents(options.events)) {
    for (const rule of matcher.match(event)) {
      const line: MatchLine = {
        event: index,
        rule: keyOf(rule),
        title: rule.title,
        kind: rule.kind === 'correlation' ? 'correlation' : 'detection',
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
    index += 1;
  }
  return rules.refusals.length > 0 ? 2 : 0;
}

export interface Matcher {
  readonly engine: Engine;
  readonly correlator: Correlator;
  /** The rules that match an event, correlations it completes last. Events come in the order of the file. */
  match(event: JsonEvent): Rule[];
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

  function routeOf(one: EventView): Route {
    const known = ownRoutes.get(one);
    if (known) return known;
    const route =
      routing === 'routed' ? engine.routeKnowing(one.logsource, one.known) : engine.route(undefined);
    ownRoutes.set(one, route);
    return route;
  }

  function ask(source: Source, route: Route, matches: Match[]): void {
    view.show(source);
    for (const rule of engine.match(view, route))
      if (!matches.some((one) => one.rule === rule))
        matches.push({ rule, read: (field) => source.read(engine.fields.number(field)) });
  }

  return {
    engine,
    correlator,
    match(event) {
      const matches: Match[] = [];
      const { own } = event;
      if (own) {
        for (const one of viewsOf(ownViews, own.name))
          if (one.shows(own)) ask(one.of(own), routeOf(one), matches);
      } else
        ask(json.of(event.fields), engine.route(routing === 'routed' ? event.logsource : undefined), matches);
      // An event without a time happened when the one before it did.
      timeMs = event.timeMs ?? timeMs;
      count += 1;
      const hits = correlator.feed(matches, timeMs, String(count - 1));
      return [...matches.map(({ rule }) => rule), ...hits.map(({ rule }) => rule)].filter(
        (rule) => !rules.silent.has(rule),
      );
    },
  };
}

function viewsOf(views: ReadonlyMap<EventName, readonly EventView[]>, name: EventName): readonly EventView[] {
  return views.get(name) ?? [];
}
