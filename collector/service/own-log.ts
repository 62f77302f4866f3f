/**
 * What the service says of its own work: one JSON object a line on standard error, which systemd's journal keeps.
 * Never what an agent did, and nothing that could hold a secret: that is in the signed log, redacted.
 *
 * By pino, without its threads: a line is written before the next thing happens, so the last words before an end are
 * there.
 */

import { writeSync } from 'node:fs';
import { type DestinationStream, pino } from 'pino';
import type { LogLevel } from '../configuration/configuration.ts';

const STDERR = 2;
/** Lines said again within this time are counted, not written: a receiver that is down fails ten times a second. */
const REPEAT_INTERVAL_MS = 60_000;
/** Distinct messages remembered for that. */
const MAX_REMEMBERED = 256;

/** syslog severities of pino's levels, which the journal takes from "<N>" before a line (sd-daemon(3)). */
const PRIORITIES = new Map([
  [pino.levels.values.error, 3],
  [pino.levels.values.warn, 4],
  [pino.levels.values.info, 6],
  [pino.levels.values.debug, 7],
]);

/** Plain values only: no object finds its way into the journal with what it carries. */
type Fields = Readonly<Record<string, string | number | boolean | undefined>>;
type Say = { (fields: Fields, message: string): void; (message: string): void };
export type OwnLog = Readonly<Record<LogLevel, Say>> & { level: string };

export interface OwnLogNeeds {
  readonly write?: (line: string) => void;
  readonly nowMs?: () => number;
  /** The journal is at the other end: say the priority as it reads it. */
  readonly journal?: boolean;
}

export function createOwnLog(level: LogLevel, needs: OwnLogNeeds = {}): OwnLog {
  const { write = writeWhole, nowMs = Date.now, journal = process.env.JOURNAL_STREAM !== undefined } = needs;
  const repeatsOf = countRepeats(nowMs);
  return pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date(nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      hooks: {
        logMethod(said, writeLine, at) {
          const repeated = repeatsOf(`${at} ${JSON.stringify(said)}`);
          if (repeated === undefined) return;
          if (repeated === 0) writeLine.apply(this, said);
          else {
            const [fields, message] = withFields(said);
            writeLine.call(this, { ...fields, repeated }, message);
          }
        },
      },
    },
    journal ? withPriority(write) : { write },
  );
}

/** A line is said as (message) or as (fields, message). */
function withFields(said: readonly unknown[]): [fields: object, message: string] {
  const [first, second] = said;
  return typeof first === 'string' ? [{}, first] : [first as object, second as string];
}

function withPriority(write: (line: string) => void): DestinationStream {
  return {
    // pino then sets lastLevel before it writes.
    [pino.symbols.needsMetadataGsym]: true,
    lastLevel: pino.levels.values.error,
    write(line) {
      write(`<${PRIORITIES.get(this.lastLevel)}>${line}`);
    },
  } as DestinationStream & { lastLevel: number };
}

/** @returns how often a line was kept back since it was last said; undefined when it is to be kept back now */
function countRepeats(nowMs: () => number): (line: string) => number | undefined {
  const said = new Map<string, { atMs: number; repeated: number }>();
  return (line) => {
    const before = said.get(line);
    const now = nowMs();
    if (before && now - before.atMs < REPEAT_INTERVAL_MS) {
      before.repeated += 1;
      return undefined;
    }
    said.delete(line);
    said.set(line, { atMs: now, repeated: 0 });
    if (said.size > MAX_REMEMBERED) for (const oldest of [...said.keys()].slice(0, 1)) said.delete(oldest);
    return before?.repeated ?? 0;
  };
}

/** A journal that is gone must not end the service. */
function writeWhole(line: string): void {
  try {
    writeSync(STDERR, line);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPIPE, EIO: nobody reads any more. EAGAIN: the reader is slow; a line less is better than to stand still.
    if (code !== 'EPIPE' && code !== 'EIO' && code !== 'EAGAIN') throw error;
  }
}
