/** What correlations and baselines remember, kept in a file from one run to the next. */

import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { type BaselineState, MEASURES } from './baseline.ts';
import type { CorrelatorState } from './correlator-state.ts';
import type { DetectState } from './detect.ts';

/** Text made before it is written: some 10 MB. */
const CHUNK_MS = 50;

const fsyncLater = promisify(fsync);

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
 * Replaces the file, a slice at a time: a crash leaves the old one or the new one, never half of one. One at a time for
 * a path. What goes wrong is thrown by whatever was asked, and ends it.
 */
export class StateWriter {
  private readonly path: string;
  private readonly pieces: Generator<string, void>;
  private readonly file: number;
  private isEnded = false;

  /** @throws Error when the folder cannot be written */
  constructor(path: string, pieces: Generator<string, void>) {
    this.path = path;
    this.pieces = pieces;
    this.file = openSync(this.next, 'w', 0o600);
  }

  private get next(): string {
    return `${this.path}.new`;
  }

  /** Writes until `ms` are over. @returns whether there is more to be written */
  write(ms: number, clock: () => number = () => performance.now()): boolean {
    if (this.isEnded) return false;
    const endMs = clock() + ms;
    const text: string[] = [];
    try {
      for (let piece = this.pieces.next(); ; piece = this.pieces.next()) {
        if (!piece.done) text.push(piece.value);
        if (!piece.done && clock() < endMs) continue;
        // Writes again what the disk did not take at once, which one call of write(2) would leave out.
        writeFileSync(this.file, text.join(''));
        return !piece.done;
      }
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Makes what was written the state. @returns false when it was abandoned */
  async finish(): Promise<boolean> {
    if (this.isEnded) return false;
    // The name must not point to the new file before its bytes are on disk, and that takes as long as the disk takes.
    try {
      await fsyncLater(this.file);
    } catch (error) {
      if (this.isEnded) return false;
      this.abandon();
      throw error;
    }
    if (this.isEnded) return false;
    this.replace();
    return true;
  }

  /** Writes all that is left and makes it the state, in one go. */
  finishNow(): void {
    while (this.write(CHUNK_MS));
    try {
      fsyncSync(this.file);
    } catch (error) {
      this.abandon();
      throw error;
    }
    this.replace();
  }

  /** Leaves the old state in its place. */
  abandon(): void {
    if (this.isEnded) return;
    this.end();
    rmSync(this.next, { force: true });
  }

  private replace(): void {
    this.end();
    renameSync(this.next, this.path);
  }

  private end(): void {
    this.isEnded = true;
    this.pieces.return();
    closeSync(this.file);
  }
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
