/** The detect stage with rules that may be exchanged while it runs: a bad set leaves the last good one. */

import type { Event } from '../event.ts';
import type { Stage } from '../stage.ts';
import { createDetect, type Detect, type DetectOptions } from './detect.ts';
import type { Refusal } from './refusal.ts';
import type { RuleSet } from './ruleset.ts';

export interface Reloaded {
  /** Whether the new rules are in force. */
  readonly taken: boolean;
  /** Why they are not; each names file, line and mend. */
  readonly refusals: readonly Refusal[];
  /** Windows that went on with the new rules, and those whose correlation was changed or taken out. */
  readonly restored: number;
  readonly leftOut: number;
}

export interface ReloadingDetect extends Stage<Event, Event> {
  /**
   * Puts other rules in force between two batches. A set in which any rule is refused is not taken: half of an
   * intended change is nobody's intention. Windows of correlations that are unchanged go on.
   */
  reload(rules: RuleSet): Reloaded;
  readonly current: () => Detect;
}

export function createReloadingDetect(options: DetectOptions): ReloadingDetect {
  let detect = createDetect(options);
  const stage = (batch: Event[]): Event[] => detect(batch);
  return Object.assign(stage, {
    current: () => detect,
    reload(rules: RuleSet): Reloaded {
      if (rules.refusals.length > 0)
        return { taken: false, refusals: rules.refusals, restored: 0, leftOut: 0 };
      const next = createDetect({ ...options, rules });
      const counted = next.restore(detect.snapshot());
      detect = next;
      return { taken: true, refusals: [], ...counted };
    },
  });
}
