/**
 * What the last look at this host found, kept in STATE/inventory.json, to tell what changed since.
 *
 * The file is not evidence: the log holds the events. Lost or spoilt, the next look reports everything as added.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ProcessFiles } from '../recognise/process-files.ts';
import { hashProgram, type ProgramHash, stampName } from './file-hash.ts';
import type { InstalledBy, InventoryRow } from './installation.ts';

const FORMAT = 2;

export interface RememberedRow {
  readonly agent: string;
  readonly kind: string;
  readonly version?: string | undefined;
  readonly package?: string | undefined;
  readonly path: string;
  readonly root: string;
  readonly user?: string | undefined;
  readonly installedBy: InstalledBy;
  readonly running: readonly number[];
  /** `path` first. */
  readonly programs: readonly RememberedProgram[];
}

export interface RememberedProgram {
  readonly path: string;
  /** Which content was hashed (file-hash.ts). */
  readonly stamp?: string | undefined;
  readonly hash: ProgramHash;
}

/** The rows with the hash of each program; one that `before` hashed and that is unchanged is not read again. */
export function hashed(
  rows: readonly InventoryRow[],
  files: ProcessFiles,
  before: readonly RememberedRow[],
): RememberedRow[] {
  const programs = before.flatMap((row) => row.programs);
  const known = new Map(programs.map(({ path, stamp, hash }) => [`${path}\0${stamp}`, hash]));
  return rows.map((row) => {
    const { name: _, running, programs, ...rest } = row;
    return {
      ...rest,
      running: running.map(({ pid }) => pid),
      programs: programs.map((path) => {
        const now = files.stamp(path);
        const stamp = now && stampName(now);
        return { path, stamp, hash: known.get(`${path}\0${stamp}`) ?? hashProgram(files, path) };
      }),
    };
  });
}

/** The rows of the last look. Empty when there was none, or its file cannot be understood. */
export function readRemembered(stateDirectory: string): RememberedRow[] {
  let text: string;
  try {
    text = readFileSync(join(stateDirectory, 'inventory.json'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    return [];
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Spoilt: as if there were none, so that everything is reported once more rather than nothing.
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const { format, rows } = value as { format?: unknown; rows?: unknown };
  return format === FORMAT && Array.isArray(rows) ? rows.filter(isRow) : [];
}

/** Written beside and renamed: a crash leaves the old file or the new one. @throws the file system's error */
export function writeRemembered(stateDirectory: string, rows: readonly RememberedRow[]): void {
  makeFolder(stateDirectory);
  const path = join(stateDirectory, 'inventory.json');
  writeFileSync(`${path}.new`, JSON.stringify({ format: FORMAT, rows }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** mkdir -p. Not mkdirSync's `recursive`: below /proc, where mkdir says ENOENT for ever, Node 20 never comes back from it. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makeFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}

function isRow(value: unknown): value is RememberedRow {
  if (typeof value !== 'object' || value === null) return false;
  const row = value as Partial<Record<keyof RememberedRow, unknown>>;
  return (
    typeof row.agent === 'string' &&
    typeof row.path === 'string' &&
    typeof row.root === 'string' &&
    Array.isArray(row.running) &&
    Array.isArray(row.programs) &&
    row.programs.every(isProgram)
  );
}

function isProgram(value: unknown): value is RememberedProgram {
  if (typeof value !== 'object' || value === null) return false;
  const { path, hash } = value as Partial<Record<keyof RememberedProgram, unknown>>;
  return typeof path === 'string' && typeof hash === 'object' && hash !== null;
}
