/**
 * Stage 4, detect: is it bad?
 *
 * Takes events in order; returns them in the same order, each finding right after the event that fired it.
 * Only events of a session are judged: what people do outside every session is not Spoor's to judge.
 * Never drops an event, never throws for what an event contains.
 */

import type { EventName } from '../../schemas/generated/registry.ts';
import type { Event } from '../event.ts';
import type { Stage } from '../stage.ts';
import { createEngine } from './engine.ts';
import { createEventViews, type EventView } from './event-source.ts';
import { findingOf } from './finding.ts';
import type { DetectionRule } from './rule.ts';
import type { RuleSet } from './ruleset.ts';
import { View } from './view.ts';

export interface DetectOptions {
  readonly rules: RuleSet;
  /** Name of the pack, as findings carry it. */
  readonly ruleset: string;
  /** The host's operating system as Sigma names it. */
  readonly product: 'linux' | 'windows' | 'macos';
}

/** Spoor's own words; no rule judges them, so a finding cannot fire a rule that fires on findings. */
const NOT_JUDGED: ReadonlySet<EventName> = new Set(['finding', 'sensor.health', 'log.checkpoint']);

export function createDetect(options: DetectOptions): Stage<Event, Event> {
  const { rules, ruleset, product } = options;
  const engine = createEngine(rules.detections);
  const views = createEventViews(engine.fields, product);
  const view = new View();

  /** A rule that fits two views of one event is one match. */
  function matchesOf(event: Event, shown: readonly EventView[]): DetectionRule[] {
    const found: DetectionRule[] = [];
    for (const one of shown) {
      if (!one.shows(event)) continue;
      view.show(one.of(event));
      for (const rule of engine.match(view, one.logsource)) if (!found.includes(rule)) found.push(rule);
    }
    return found;
  }

  return function detect(batch) {
    const out: Event[] = [];
    for (const event of batch) {
      out.push(event);
      const shown = views.get(event.name);
      if (event.attributes['session.id'] === undefined || shown === undefined || NOT_JUDGED.has(event.name))
        continue;
      for (const rule of matchesOf(event, shown))
        if (!rules.silent.has(rule)) out.push(findingOf(rule, ruleset, event, [event.uid]));
    }
    return out;
  };
}
