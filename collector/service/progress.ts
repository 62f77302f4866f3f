/**
 * How far the log is ahead of a crash: moves the kept watch's mark behind every record whose events are all on disk.
 * The next service reads the ring from the mark on, and knows from which record of the log on it may meet its events.
 */

import type { KeptWatch, Taken } from '../../sensors/sensor.ts';
import type { Event } from '../event.ts';
import type { Account } from '../pipeline.ts';

interface Step {
  readonly batch: number;
  readonly taken: Taken;
  /** Size of the log after it: later batches' events come from here on. */
  readonly index: number;
  /** Size of the log when nothing of this batch or those before it waited any more. */
  sealedAt: number | undefined;
}

export interface Progress extends Account {
  /** So many records of the log are on disk. */
  durable(records: number): void;
}

export function createProgress(kept: Pick<KeptWatch, 'taken' | 'mark'>, logSize: () => number): Progress {
  /** Events that wait for a hash, by the batch they came in; oldest first. At most enrich's MAX_WAITING_EVENTS. */
  const waiting = new Map<Event, number>();
  let steps: Step[] = [];
  let batch = 0;

  function taken(events: readonly Event[], ready: readonly Event[]): void {
    batch += 1;
    const step = { batch, taken: kept.taken(), index: logSize(), sealedAt: undefined };
    if (events.length === 0 && steps.length === 0) {
      kept.mark(step.taken, step.index); // programs outside sessions: nothing of them is sealed
      return;
    }
    if (ready.length < events.length) {
      const gone = new Set(ready);
      for (const event of events) if (!gone.has(event)) waiting.set(event, batch);
    }
    steps.push(step);
  }

  function durable(records: number): void {
    const [oldest = Number.POSITIVE_INFINITY] = waiting.values();
    let done = 0;
    for (const [index, step] of steps.entries()) {
      if (step.batch >= oldest) break;
      step.sealedAt ??= logSize();
      if (step.sealedAt <= records) done = index + 1;
    }
    const last = steps[done - 1];
    if (!last) return;
    steps = steps.slice(done);
    kept.mark(last.taken, last.index);
  }

  return {
    taken,
    late(events) {
      for (const event of events) waiting.delete(event);
    },
    durable,
  };
}
