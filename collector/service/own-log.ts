/**
 * What the service says of its own work: one JSON object a line on standard error, which systemd's journal keeps.
 * Never what an agent did, and nothing that could hold a secret: that is in the signed log, redacted.
 */

import { writeSync } from 'node:fs';
import type { LogLevel } from '../configuration/configuration.ts';

const STDERR = 2;
/** Lines said again within this time are counted, not written: a receiver that is down fails ten times a second. */
const REPEAT_INTERVAL_MS = 60_000;
/** Distinct messages remembered for that. */
const MAX_REMEMBERED = 256;

/** syslog severities, which the journal takes from "<N>" before a line (sd-daemon(3)). */
const PRIORITIES = { error: 3, warn: 4, info: 6, debug: 7 } as const;

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface OwnLog {
  error(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  debug(message: string, fields?: Fields): void;
  setLevel(level: LogLevel): void;
}

export interface OwnLogNeeds {
  readonly write?: (line: string) => void;
  readonly nowMs?: () => number;
  /** The journal is at the other end: say the priority as it reads it. */
  readonly journal?: boolean;
}

export function createOwnLog(level: LogLevel, needs: OwnLogNeeds = {}): OwnLog {
  const { write = writeWhole, nowMs = Date.now, journal = process.env.JOURNAL_STREAM !== undefined } = needs;
  let least: number = PRIORITIES[level];
  const said = new Map<string, { atMs: number; repeated: number }>();

  function say(at: LogLevel, message: string, fields: Fields = {}): void {
    if (PRIORITIES[at] > least) return;
    const repeated = repeatsOf(`${at} ${message} ${JSON.stringify(fields)}`);
    if (repeated === undefined) return;
    const line = JSON.stringify({
      time: new Date(nowMs()).toISOString(),
      level: at,
      message,
      ...fields,
      ...(repeated > 0 && { repeated }),
    });
    write(`${journal ? `<${PRIORITIES[at]}>` : ''}${line}\n`);
  }

  /** How often it was kept back since it was last said; undefined when it is to be kept back now. */
  function repeatsOf(what: string): number | undefined {
    const before = said.get(what);
    const now = nowMs();
    if (before && now - before.atMs < REPEAT_INTERVAL_MS) {
      before.repeated += 1;
      return undefined;
    }
    said.delete(what);
    said.set(what, { atMs: now, repeated: 0 });
    if (said.size > MAX_REMEMBERED) for (const oldest of [...said.keys()].slice(0, 1)) said.delete(oldest);
    return before?.repeated ?? 0;
  }

  return {
    error: (message, fields) => say('error', message, fields),
    warn: (message, fields) => say('warn', message, fields),
    info: (message, fields) => say('info', message, fields),
    debug: (message, fields) => say('debug', message, fields),
    setLevel(next) {
      least = PRIORITIES[next];
    },
  };
}

/** Synchronous, so that the last words before an end are not lost. A journal that is gone must not end the service. */
function writeWhole(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPIPE, EIO: nobody reads any more. EAGAIN: the reader is slow; a line less is better than to stand still.
    if (code !== 'EPIPE' && code !== 'EIO' && code !== 'EAGAIN') throw error;
  }
}
