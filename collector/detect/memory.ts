/** Keeps what the detect stage remembers in the state folder: taken up at the start, saved every minute and at the end. */

import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Detect } from './detect.ts';
import { loadState, StateWriter } from './state-file.ts';

const FILE = 'detect.json';
/** A collector that is killed loses what was remembered since; windows are minutes long, so not much more often. */
const SAVE_INTERVAL_MS = 60_000;
/** Events wait no longer than this, and as long as one group takes to be written: 5 ms with 10,000 entries. */
const SLICE_MS = 8;

export interface Memory {
  /** Saves what changed since the last time, a slice at a time: events may come between, and are for the next time. */
  save(): Promise<void>;
  /** Saves in one go, and does so no more by itself. */
  stop(): void;
}

/**
 * Takes up what an earlier collector remembered in this state folder.
 * @param current the stage in force: a reload puts another in its place
 * @param trouble called with what went wrong; nothing here ends the watch
 */
export function keepMemory(
  directory: string,
  current: () => Detect,
  trouble: (problem: string) => void,
): Memory {
  const path = join(directory, FILE);
  const saved = loadState(path);
  if (saved && 'state' in saved) current().restore(saved.state);
  else if (saved) trouble(saved.problem);
  let detect = current();
  let changes = detect.changes();
  let writing: StateWriter | undefined;

  function isSaved(): boolean {
    return current() === detect && detect.changes() === changes;
  }

  function tell(error: unknown): void {
    const cause = error instanceof Error ? error.message : String(error);
    trouble(`what rules remember could not be saved, so a restart begins anew: ${cause}`);
  }

  async function save(): Promise<void> {
    if (writing || isSaved()) return;
    const now = current();
    const begun = now.changes();
    try {
      const own = new StateWriter(path, now.snapshotText());
      writing = own;
      while (own.write(SLICE_MS)) await setImmediate();
      if (!(await own.finish())) return;
      detect = now;
      changes = begun;
    } catch (error) {
      tell(error);
    } finally {
      writing = undefined;
    }
  }

  function stop(): void {
    clearInterval(timer);
    writing?.abandon();
    if (isSaved()) return;
    const now = current();
    try {
      new StateWriter(path, now.snapshotText()).finishNow();
      detect = now;
      changes = now.changes();
    } catch (error) {
      tell(error);
    }
  }

  const timer = setInterval(() => void save(), SAVE_INTERVAL_MS).unref();
  return { save, stop };
}
