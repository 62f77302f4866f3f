/** Has a detect stage make what its first events would else wait for, while nothing else needs the time. */

import { setImmediate } from 'node:timers/promises';
import type { Detect } from './detect.ts';

/**
 * Between its steps, of some milliseconds each, others come to their turn.
 * @param signal ends it early: what is not made then is made when it is first needed
 */
export async function prepare(detect: Detect, signal?: AbortSignal): Promise<void> {
  for (const steps = detect.prepare(); !signal?.aborted && !steps.next().done; ) await setImmediate();
}
