/** For how long the event loop could do nothing else, lately. Whoever asks takes nothing from the next who asks. */

import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Between two looks at the loop. Each wakes the process, whatever else it does. */
const RESOLUTION_MS = 500;
/** A stall is told of for one window more than the one it fell into. */
const WINDOW_MS = 60_000;

export interface Stalls {
  /** The longest of the last one to two minutes. */
  longestMs(): number;
  close(): void;
}

export function watchStalls(): Stalls {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let beforeMs = 0;
  const nowMs = () => Math.max(0, delay.max / 1e6 - RESOLUTION_MS);
  const timer = setInterval(() => {
    beforeMs = nowMs();
    delay.reset();
  }, WINDOW_MS).unref();
  delay.enable();
  return {
    longestMs: () => Math.max(beforeMs, nowMs()),
    close() {
      clearInterval(timer);
      delay.disable();
    },
  };
}
