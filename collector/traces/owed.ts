/**
 * Traces that a receiver has not got yet: STATE/ship/traces.json, one entry a session. It is noted when a session
 * begins and taken away when its spans were delivered, so a crash between leaves it owed. The spans themselves are
 * not kept: the log has what they are made of.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere, replaceFile } from '../log/files.ts';

/** Sessions owed. Past it the oldest trace is given up; its events are in the log and go by themselves. */
const MAX_OWED = 200;

export interface Owed {
  readonly destination: string;
  readonly session: string;
  /** Index of a record at or before its session.start. */
  readonly from: number;
}

export interface OwedTraces {
  of(destination: string): readonly Owed[];
  note(owed: Owed): void;
  paid(owed: Owed): void;
  /** Why the note is not on disk as it is here, in a line; empty when it is. A full disk must not end the sensing. */
  trouble(): string;
}

export function openOwedTraces(directory: string): OwedTraces {
  const path = join(directory, 'traces.json');
  let owed = read(path);
  let trouble = '';

  function save(): void {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      replaceFile(path, `${JSON.stringify(owed)}\n`);
      trouble = '';
    } catch (error) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      if (syscall === undefined) throw error;
      trouble = `cannot write ${path} (${code}): traces of sessions that run now are lost if this process is`;
    }
  }

  return {
    of: (destination) => owed.filter((one) => one.destination === destination),
    note(one) {
      owed = [...owed, one].slice(-MAX_OWED);
      save();
    },
    paid({ destination, session }) {
      owed = owed.filter((one) => one.destination !== destination || one.session !== session);
      save();
    },
    trouble: () => trouble,
  };
}

/** A file that says something else owes nothing: the events of those sessions are shipped in any case. */
function read(path: string): Owed[] {
  try {
    const entries: unknown = JSON.parse(readIfThere(path)?.toString() ?? '[]');
    return Array.isArray(entries) ? entries.filter(isOwed) : [];
  } catch {
    return [];
  }
}

function isOwed(entry: Partial<Owed> | null): entry is Owed {
  return (
    typeof entry?.destination === 'string' &&
    typeof entry.session === 'string' &&
    /^[0-9a-f]{32}$/.test(entry.session) &&
    Number.isSafeInteger(entry.from)
  );
}
