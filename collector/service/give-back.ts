/**
 * Gives back memory while nothing happens. A start reads the kernel's types and every rule and runs through most of
 * Node, a busy hour leaves room for the next one, and neither malloc nor V8 returns by itself what an idle process has
 * freed. (Less room from the outset,
 * --max-semi-space-size, costs a busy collector a third more CPU for each event.)
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { loadNative } from '../../sensors/linux/native.ts';

const LOOK_INTERVAL_MS = 30_000;
/** Share of a core below which the time between two looks was quiet. */
const QUIET = 0.02;
/** Room in V8's heap that is worth 50 ms of CPU, which is what giving it back takes. */
const MIN_SLACK_BYTES = 8 * 2 ** 20;

export interface GiveBack {
  close(): void;
}

export function giveBackWhenQuiet(): GiveBack {
  let before = process.cpuUsage();
  /** What the start took. */
  let isDue = true;
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    const { heapTotal, heapUsed } = process.memoryUsage();
    const isQuiet = (user + system) / 1_000 < QUIET * LOOK_INTERVAL_MS;
    if (!isQuiet || !(isDue || heapTotal - heapUsed > MIN_SLACK_BYTES)) return;
    isDue = false;
    giveBack();
  }, LOOK_INTERVAL_MS).unref();
  return { close: () => clearInterval(timer) };
}

function giveBack(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collect();
  loadNative().trim();
}
