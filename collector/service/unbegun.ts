/**
 * Sessions that were asked for and never began: the launcher ended before it became COMMAND. Forgotten when nobody is
 * left who could begin one, so that asking in a loop fills no memory.
 */

import type { SessionTag } from '../../sensors/event.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import type { Pipeline } from '../pipeline.ts';

export interface UnbegunNeeds {
  readonly sensor: Pick<Sensor, 'flush' | 'running'>;
  readonly pipeline: Pick<Pipeline, 'sessionOf' | 'unplan'>;
}

/** To be called when who asked for a session has gone. */
export function createUnbegun({ sensor, pipeline }: UnbegunNeeds): (tag: SessionTag) => Promise<void> {
  /** Whose launchers still lived when they were looked at last. */
  const waiting = new Set<SessionTag>();

  return async function left(tag) {
    waiting.add(tag);
    const held = new Set(sensor.running().flatMap(({ session, around }) => [session, around]));
    const over = [...waiting].filter((one) => !held.has(one));
    if (over.length > 0) await sensor.flush(); // the exec of one that has ended may still be on its way
    for (const one of over) pipeline.unplan(one);
    for (const one of waiting) if (over.includes(one) || pipeline.sessionOf(one)) waiting.delete(one);
  };
}
