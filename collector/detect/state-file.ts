/** What correlations and baselines remember, kept in a file from one run to the next. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { type BaselineState, MEASURES } from './baseline.ts';
import type { CorrelatorState } from './correlate.ts';
import type { DetectState } from './detect.ts';

/** What was remembered is taken up again only if it is sound; else `problem` says why it was not. */
export type SavedState = { readonly state: DetectState } | { readonly problem: string } | undefined;

/** @returns undefined when there is no file; a file that cannot be used is named, and never ends the program */
export function loadState(path: string): SavedState {
  if (!existsSync(path)) return undefined;
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isState(state)) return { state };
    return { problem: `${path}: is no state of this version; windows and baselines begin empty` };
  } catch (error) {
    return {
      problem: `${path}: ${error instanceof Error ? error.message : String(error)}; windows and baselines begin empty`,
    };
  }
}

/**
 * Replaces the file: a crash leaves the old one or the new one, never half of one.
 * @throws Error when the folder cannot be written
 */
export function saveState(path: string, state: DetectState): void {
  const next = `${path}.new`;
  const file = openSync(next, 'w', 0o600);
  try {
    writeSync(file, JSON.stringify(state));
    // The name must not point to the new file before its bytes are on disk.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}

function isState(value: unknown): value is DetectState {
  const state = value as DetectState | null;
  return (
    typeof state === 'object' &&
    state !== null &&
    state.version === 1 &&
    areWindows(state.correlations?.correlations) &&
    areBaselines(state.baselines?.subjects)
  );
}

function areWindows(value: unknown): boolean {
  const correlations = value as CorrelatorState['correlations'] | undefined;
  return (
    Array.isArray(correlations) &&
    correlations.every(
      ({ fingerprint, groups }) =>
        typeof fingerprint === 'string' &&
        Array.isArray(groups) &&
        groups.every(
          (group) =>
            Array.isArray(group.kept) &&
            Array.isArray(group.entries) &&
            group.entries.every((entry: unknown) => Array.isArray(entry) && typeof entry[0] === 'number') &&
            (group.open === null || typeof group.open?.firedMs === 'number'),
        ),
    )
  );
}

function areBaselines(value: unknown): boolean {
  const subjects = value as BaselineState['subjects'] | undefined;
  const areNumbers = (list: unknown) =>
    Array.isArray(list) && list.every((one) => typeof one === 'number' && Number.isFinite(one));
  return (
    Array.isArray(subjects) &&
    subjects.every(
      ({ subject, learned, days, destinations, hour, sums, told }) =>
        typeof subject === 'string' &&
        MEASURES.every((measure) => areNumbers(learned?.[measure]) && Number.isFinite(sums?.[measure])) &&
        areNumbers(days) &&
        Array.isArray(destinations) &&
        Number.isFinite(hour) &&
        Array.isArray(told),
    )
  );
}
