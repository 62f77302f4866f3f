/** Keeps what the detect stage remembers in the state folder: taken up at the start, saved every minute and at the end. */

import { join } from 'node:path';
import type { Detect } from './detect.ts';
import { loadState, saveState } from './state-file.ts';

const FILE = 'detect.json';
/** A collector that is killed loses what was remembered since; windows are minutes long, so not much more often. */
const SAVE_INTERVAL_MS = 60_000;

export interface Memory {
  /** Saves what changed since the last time. */
  save(): void;
  /** Saves, and does so no more by itself. */
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

  function save(): void {
    const now = current();
    if (now === detect && now.changes() === changes) return;
    try {
      saveState(path, now.snapshot());
      detect = now;
      changes = now.changes();
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      trouble(`what rules remember could not be saved, so a restart begins anew: ${cause}`);
    }
  }
  const timer = setInterval(save, SAVE_INTERVAL_MS).unref();
  return {
    save,
    stop() {
      clearInterval(timer);
      save();
    },
  };
}
