/** The table of evasions: table.yml beside the programs, and the first line of each program. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import type { State, Tier } from './compare.ts';

export const PROJECT = resolve(import.meta.dirname, '../../../..');
const FOLDER = join(PROJECT, 'test/programs/evasions');

/** What the sensor makes of one kind of act on one tier. `because` is empty unless it is not seen. */
export interface Recorded {
  readonly state: State;
  readonly because: string;
}

export interface Evasion {
  readonly id: string;
  /** Number of the technique in the catalogue of ways round a sensor; variants share it. */
  readonly row: number;
  /** What the program does, in a sentence. */
  readonly does: string;
  readonly program: string;
  readonly trace: RegExp;
  readonly without: RegExp | undefined;
  /** By tier and name of the event; empty on a tier where the way was not possible. */
  readonly recorded: Readonly<Record<Tier, ReadonlyMap<string, Recorded>>>;
  /** Why the way was not possible on a tier. */
  readonly notPossible: Readonly<Partial<Record<Tier, string>>>;
}

interface Entry {
  readonly trace: string;
  readonly without?: string;
  readonly lsm?: Record<string, string> | string;
  readonly tracepoint?: Record<string, string> | string;
}

/** Sorted by row, then by id. @throws Error when a program and the table disagree */
export function readTable(): Evasion[] {
  const entries = parse(readFileSync(join(FOLDER, 'table.yml'), 'utf8')) as Record<string, Entry>;
  const programs = readdirSync(FOLDER).filter((file) => file.endsWith('.c'));
  const unknown = Object.keys(entries).find((id) => !programs.includes(`${id}.c`));
  if (unknown) throw new Error(`table.yml: ${unknown} has no program ${unknown}.c`);
  return programs
    .map((file) => {
      const id = file.slice(0, -'.c'.length);
      const entry = entries[id];
      if (!entry) throw new Error(`table.yml has no entry for ${file}`);
      return {
        id,
        ...describe(file),
        program: join(PROJECT, 'build/programs/evasions', id),
        trace: new RegExp(entry.trace, 'm'),
        without: entry.without === undefined ? undefined : new RegExp(entry.without, 'm'),
        recorded: { lsm: recordedOf(id, entry.lsm), tracepoint: recordedOf(id, entry.tracepoint) },
        notPossible: {
          ...(typeof entry.lsm === 'string' && { lsm: entry.lsm }),
          ...(typeof entry.tracepoint === 'string' && { tracepoint: entry.tracepoint }),
        },
      };
    })
    .sort((a, b) => a.row - b.row || a.id.localeCompare(b.id));
}

function recordedOf(id: string, column: Record<string, string> | string = {}): Map<string, Recorded> {
  if (typeof column === 'string') return new Map();
  return new Map(
    Object.entries(column).map(([event, text]) => {
      const [, state, because] = /^(seen|cut|claimed|not_seen)(?:: (.+))?$/.exec(text) ?? [];
      if (!state || (state === 'not_seen') !== (because !== undefined))
        throw new Error(
          `table.yml: ${id}, ${event}: "${text}"; write seen, cut, claimed, or not_seen: and why`,
        );
      return [event, { state: state as State, because: because ?? '' }];
    }),
  );
}

function describe(file: string): { row: number; does: string } {
  const comment = /^\/\* Row (\d+)\. (.+?) ?\*\//s.exec(readFileSync(join(FOLDER, file), 'utf8'));
  if (!comment?.[1] || !comment[2]) throw new Error(`${file} does not begin with /* Row N. What it does. */`);
  return { row: Number(comment[1]), does: comment[2].replaceAll(/\s+(?:\* )?/g, ' ') };
}
