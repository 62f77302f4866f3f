/** Answers about files, remembered as long as the files they rest on are the same. */

import { LRUCache } from 'lru-cache';
import type { ProcessFiles } from './process-files.ts';

/** Answers remembered. About 600 B each, so 2.4 MB; past it the longest unused is looked up again. */
const MAX_ANSWERS = 4_096;

/** How long an answer may rest on files that were not there to be watched, such as a manifest in a folder above. */
const MAX_AGE_MS = 10_000;

interface Remembered<T> {
  readonly answer: T;
  readonly atMs: number;
  readonly restsOn: readonly (readonly [path: string, stamp: string])[];
}

export interface FileMemory<T> {
  /**
   * @param question tells apart what is asked of the same file
   * @param restsOn files besides `path` that the answer rests on
   */
  ask(
    files: ProcessFiles,
    path: string,
    question: string,
    look: () => T,
    restsOn: (answer: T) => readonly string[],
  ): T;
}

/** One stat instead of a look-up: 3 µs against 30 for a script's links and the manifests above it (measure.ts). */
export function createFileMemory<T extends object>(nowMs: () => number): FileMemory<T> {
  const answers = new LRUCache<string, Remembered<T>>({ max: MAX_ANSWERS });
  return {
    ask(files, path, question, look, restsOn) {
      const key = `${files.root}\0${question}\0${path}`;
      const known = answers.get(key);
      if (
        known &&
        nowMs() - known.atMs < MAX_AGE_MS &&
        known.restsOn.every(([watched, stamp]) => stampOf(files, watched) === stamp)
      )
        return known.answer;
      const atMs = nowMs();
      // Taken before the look: a change in between then counts as one.
      const own = stampOf(files, path);
      const answer = look();
      const others = restsOn(answer).map((watched) => [watched, stampOf(files, watched)] as const);
      answers.set(key, { answer, atMs, restsOn: [[path, own], ...others] });
      return answer;
    },
  };
}

function stampOf(files: ProcessFiles, path: string): string {
  const stamp = files.stamp(path);
  return stamp ? `${stamp.device}:${stamp.inode}:${stamp.changeMs}` : '';
}
