/** Which watched session a process that asks belongs to: one look for all who came before it, and not more than so many. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Sensor } from '../../sensors/sensor.ts';
import type { Pipeline } from '../pipeline.ts';

/** From one look to the next. A look takes what the sensor has and walks the task list: 3 ms for 2,000 tasks. */
const LOOK_INTERVAL_MS = 50;

export interface WhoAsksNeeds {
  readonly sensor: Pick<Sensor, 'flush' | 'running'>;
  readonly pipeline: Pick<Pipeline, 'sessionOf'>;
  /** Resolves when the next look may begin. */
  readonly rest?: () => Promise<void>;
}

/** Gives the id of the session that a process is watched in; undefined when it is in none. */
export type WhoAsks = (pid: number) => Promise<string | undefined>;

type Look = (pid: number) => string | undefined;

export function createWhoAsks({ sensor, pipeline, rest = aWhile }: WhoAsksNeeds): WhoAsks {
  let next: Promise<Look> | undefined;
  let rested: Promise<unknown> = Promise.resolve();

  /** Every exec before it has been judged when it is done: `spoor status` is itself a suspect for a moment. */
  async function lookNow(): Promise<Look> {
    await sensor.flush();
    const running = new Map(sensor.running().map((found) => [found.process.pid, found]));
    return (pid) => {
      const found = running.get(pid);
      if (!found) return 'that has ended';
      return (pipeline.sessionOf(found.session) ?? pipeline.sessionOf(found.around))?.id;
    };
  }

  function nextLook(): Promise<Look> {
    next ??= rested.then(() => {
      // Who comes from here on may have become another program since: the look after this one is his.
      next = undefined;
      const look = lookNow();
      rested = look.then(rest, rest);
      return look;
    });
    return next;
  }

  return async (pid) => (await nextLook())(pid);
}

function aWhile(): Promise<void> {
  return pause(LOOK_INTERVAL_MS, undefined, { ref: false });
}
