/** What correlations remember, kept in a file from one run to the next. */

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import type { CorrelatorState } from './correlate.ts';

/** What correlations remember is taken up again only if it is sound; else `problem` says why it was not. */
export type SavedState = { readonly state: CorrelatorState } | { readonly problem: string } | undefined;

/** @returns undefined when there is no file; a file that cannot be used is named, and never ends the program */
export function loadState(path: string): SavedState {
  if (!existsSync(path)) return undefined;
  try {
    const state: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isState(state)) return { state };
    return { problem: `${path}: is no state of correlations of this version; windows begin empty` };
  } catch (error) {
    return {
      problem: `${path}: ${error instanceof Error ? error.message : String(error)}; windows begin empty`,
    };
  }
}

/**
 * Replaces the file: a crash leaves the old one or the new one, never half of one.
 * @throws Error when the folder cannot be written
 */
export function saveState(path: string, state: CorrelatorState): void {
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

function isState(value: unknown): value is CorrelatorState {
  const state = value as CorrelatorState | null;
  return (
    typeof state === 'object' &&
    state !== null &&
    state.version === 1 &&
    Array.isArray(state.correlations) &&
    state.correlations.every(
      ({ fingerprint, groups }) =>
        typeof fingerprint === 'string' && Array.isArray(groups) && groups.every((group) => isGroup(group)),
    )
  );
}

function isGroup(group: CorrelatorState['correlations'][number]['groups'][number]): boolean {
  return (
    Array.isArray(group?.values) &&
    Array.isArray(group.entries) &&
    group.entries.every(
      (entry) => Array.isArray(entry) && typeof entry[0] === 'number' && typeof entry[1] === 'number',
    ) &&
    (group.open === null || typeof group.open?.firedMs === 'number')
  );
}
