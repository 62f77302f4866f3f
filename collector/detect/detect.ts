/**
 * Stage 4, detect: is it bad?
 *
 * Takes events in order; returns them in the same order, each finding right after the event that fired it.
 * Only events of a session are judged, but by rules that say `scope: host`.
 * Never drops an event, never throws for what an event contains.
 */

import type { EventName } from '../../schemas/generated/registry.ts';
import type { Attributes, Event } from '../event.ts';
import type { Stage } from '../stage.ts';
import { type BaselineState, type Baselines, createBaselines } from './baseline.ts';
import type { Classify } from './classify.ts';
import { type CorrelationCounts, createCorrelator, type Match } from './correlate.ts';
import type { CorrelatorState } from './correlator-state.ts';
import { createEngine, type Route } from './engine.ts';
import { createEventViews } from './event-source.ts';
import { correlationFindingOf, findingOf, updateOf } from './finding.ts';
import { eventsWith, rehearse } from './rehearse.ts';
import { type RoutedView, routedViews } from './routed-views.ts';
import type { DetectionRule } from './rule.ts';
import type { RuleSet } from './ruleset.ts';
import { judgeUsual } from './unusual.ts';
import { type Source, View } from './view.ts';
import type { MarkWatcher } from './watcher.ts';

export interface DetectOptions {
  readonly rules: RuleSet;
  /** Name of the pack, as findings carry it. */
  readonly ruleset: string;
  /** The host's operating system as Sigma names it. */
  readonly product: 'linux' | 'windows' | 'macos';
  /** Adds the class of files and the type of destinations; without it rules that ask for them see none. */
  readonly classify?: Classify;
  /** Marks what is done to Spoor itself; without it rules that ask for that see none. */
  readonly markWatcher?: MarkWatcher;
}

/** What is remembered of past events. Plain data, so that it can be written as JSON. */
export interface DetectState {
  readonly version: 1;
  readonly correlations: CorrelatorState;
  readonly baselines: BaselineState;
}

export interface Detect extends Stage<Event, Event> {
  /** Makes, a step at a time, what the first events of each kind would else wait for. */
  prepare(): Generator<undefined, void>;
  /** Rules that no event of this host can ever match: its log source or its fields come from nowhere. */
  unfed(): DetectionRule[];
  /** What correlations and baselines remember, to be given to the next run. */
  snapshot(): DetectState;
  /**
   * The same as JSON, a piece at a time, as it is when the first one is asked for: events may come between. One at a
   * time; it is ended (return) when the rest is not wanted.
   */
  snapshotText(): Generator<string, void>;
  /** Says how many windows of correlations go on, and how many do not because their rule is another now. */
  restore(state: DetectState): { readonly restored: number; readonly leftOut: number };
  /** What sensor.health says of it: how much is remembered, and what had to be forgotten. */
  health(): Attributes;
  /** Grows whenever something was remembered, so that what did not change need not be saved. */
  changes(): number;
}

/** No rule judges them, so a finding cannot fire a rule that fires on findings. */
const NOT_JUDGED: ReadonlySet<EventName> = new Set(['finding', 'finding.update', 'log.checkpoint']);

/** Whether rules are asked of events of this name at all. */
export function isJudged(name: string): boolean {
  return !NOT_JUDGED.has(name as EventName);
}

export function createDetect(options: DetectOptions): Detect {
  const { rules, ruleset, product, classify, markWatcher } = options;
  const engine = createEngine(rules.detections);
  const correlator = createCorrelator(rules.correlations);
  const eventViews = createEventViews(engine.fields, product);
  const views = routedViews(engine, eventViews);
  const view = new View();
  const baselines: Baselines = createBaselines();
  let changes = 0;
  let valuesCut = 0;
  const judgesHost = rules.detections.some(({ scope }) => scope === 'host');

  /** Shows an event to the rules, one view after the other. @returns how many fields were too long to be seen whole */
  function ask(
    event: Event,
    shown: readonly RoutedView[],
    found: (rule: DetectionRule, source: Source) => void,
  ): number {
    let sides = 0;
    for (const { eventView, route } of shown) {
      if (!eventView.shows(event)) continue;
      const source = eventView.of(event);
      if (sides === 0) view.show(source);
      else view.showAlso(source);
      sides += 1;
      for (const rule of engine.match(view, route)) found(rule, source);
    }
    return sides === 0 ? 0 : view.leftOut.size;
  }

  /** A rule that fits two views of one event is one match. */
  function matchesOf(event: Event, shown: readonly RoutedView[]): Match[] {
    const found: Match[] = [];
    const inSession = event.attributes['session.id'] !== undefined;
    valuesCut += ask(event, shown, (rule, source) => {
      if ((inSession || rule.scope === 'host') && !found.some((match) => match.rule === rule))
        found.push({ rule, read: (field) => source.read(engine.fields.number(field)) });
    });
    return found;
  }

  function judge(event: Event, shown: readonly RoutedView[], out: Event[]): void {
    const matches = matchesOf(event, shown);
    if (matches.length === 0) return;
    changes += 1;
    const evidence = [...(event.attributes['spoor.baseline.evidence'] ?? []), event.uid];
    for (const { rule } of matches)
      if (!rules.silent.has(rule)) out.push(findingOf(rule, ruleset, event, evidence));
    for (const hit of correlator.feed(matches, Number(event.timeNs) / 1e6, event.uid)) {
      if (rules.silent.has(hit.rule)) continue;
      const finding = correlationFindingOf(hit, ruleset, event);
      hit.ticket.findingUid = finding.uid;
      out.push(finding);
    }
  }

  /** Passes an event on with what is found of it. */
  function take(event: Event, out: Event[]): void {
    out.push(event);
    const shown = views.get(event.name);
    if (shown === undefined || NOT_JUDGED.has(event.name)) return;
    if (event.attributes['session.id'] !== undefined || judgesHost) judge(event, shown, out);
  }

  function detect(batch: Event[]): Event[] {
    const out: Event[] = [];
    for (const event of batch) {
      classify?.(event);
      markWatcher?.(event);
      take(event, out);
      const unusual = judgeUsual(baselines, event);
      if (unusual) take(unusual, out);
    }
    const newest = batch.at(-1);
    if (newest) {
      const closed = correlator.close(Number(newest.timeNs) / 1e6);
      // A correlation that only feeds others has no finding to update.
      for (const one of closed) if (one.findingUid !== '') out.push(updateOf(one, newest));
    }
    return out;
  }

  /** Of each kind of event in turn; made for those that have not come yet. */
  function* routes(): Generator<readonly Route[]> {
    for (const name of eventViews.keys())
      if (!NOT_JUDGED.has(name)) yield (views.get(name) ?? []).map(({ route }) => route);
  }

  function unfed(): DetectionRule[] {
    const fed = new Set([...routes()].flat().flatMap((route) => route.rules));
    return rules.detections.filter((rule) => !fed.has(rule));
  }

  function* prepare(): Generator<undefined, void> {
    const made: Route[] = [];
    for (const some of routes()) {
      made.push(...some);
      yield;
    }
    yield* engine.prepare(made);
    yield* rehearse(engine.fields, (value) => {
      for (const event of eventsWith(value)) ask(event, views.get(event.name) ?? [], () => undefined);
    });
  }

  function* snapshotText(): Generator<string, void> {
    const windows = correlator.snapshotText();
    try {
      // Both are taken before the first piece is given; what comes then only writes them down.
      const { value: first } = windows.next();
      const { version, subjects } = baselines.snapshot();
      yield `{"version":1,"correlations":${first ?? ''}`;
      yield* windows;
      yield `,"baselines":{"version":${version},"subjects":[`;
      for (const [place, subject] of subjects.entries())
        yield `${place > 0 ? ',' : ''}${JSON.stringify(subject)}`;
      yield ']}}';
    } finally {
      windows.return();
    }
  }

  return Object.assign(detect, {
    prepare,
    unfed,
    snapshotText,
    snapshot: (): DetectState => ({
      version: 1,
      correlations: correlator.snapshot(),
      baselines: baselines.snapshot(),
    }),
    restore(state: DetectState) {
      baselines.restore(state.baselines);
      return correlator.restore(state.correlations);
    },
    health: () => ({ ...healthOf(correlator.counts()), 'spoor.health.values_cut': valuesCut }),
    changes: () => changes + baselines.changes(),
  });
}

function healthOf(counts: CorrelationCounts): Attributes {
  return {
    'spoor.health.correlation_groups': counts.groups,
    'spoor.health.correlation_evictions': counts.evictedGroups,
    'spoor.health.correlation_drops': counts.droppedEntries,
    'spoor.health.correlation_late': counts.lateMatches,
  };
}
