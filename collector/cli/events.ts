/** `spoor events`: what the log holds, as it lies there; one session in order of time. */

import { setTimeout as sleep } from 'node:timers/promises';
import { EVENTS } from '../../schemas/generated/registry.ts';
import { countRecords } from '../log/reader.ts';
import { type LogRecord, recordToJson } from '../log/record.ts';
import { likelyWord } from '../recognise/likely.ts';
import { eventLine } from './event-line.ts';
import { Failure } from './failure.ts';
import { matchesGlob } from './glob.ts';
import { endWithReader, print } from './output.ts';
import { findSession, recordsFrom } from './sessions-in-log.ts';
import { readState } from './state.ts';
import { inOrderOfTime } from './time-order.ts';

/** --follow looks for new records this often; they are on disk within a tenth of a second. */
const FOLLOW_INTERVAL_MS = 200;

export interface EventsOptions {
  readonly state: string;
  readonly session?: string;
  /** Of event names: * and ?. */
  readonly event?: string;
  readonly form: 'json' | 'text';
  /** end: of the log as it is now. stopped: until the command is. */
  readonly until: 'end' | 'stopped';
}

export async function printEvents(options: EventsOptions): Promise<void> {
  refuseUnknownNames(options.event);
  const { logDirectory } = readState(options.state);
  endWithReader();
  const session =
    options.session === undefined ? undefined : await findSession(logDirectory, options.session);
  if (session && options.until === 'end') {
    const wanted = wantedOf(recordsFrom(logDirectory, session.from), session.id, options.event);
    const read = (from: number, to: number) => recordsFrom(logDirectory, from, to);
    for await (const record of inOrderOfTime(wanted, read)) await print(`${lineOf(record, options.form)}\n`);
    return;
  }
  let next = session?.from ?? 0;
  for (;;) {
    const end = countRecords(logDirectory);
    for await (const record of recordsFrom(logDirectory, next, end)) {
      if (isWanted(record, session?.id, options.event)) await print(`${lineOf(record, options.form)}\n`);
      next += 1;
    }
    if (options.until === 'end') return;
    await sleep(FOLLOW_INTERVAL_MS);
  }
}

/** A name with a slip in it would be answered by nothing at all, which reads as: it never happened. */
function refuseUnknownNames(glob: string | undefined): void {
  const known = Object.keys(EVENTS);
  if (glob === undefined || known.some((name) => matchesGlob(glob, name))) return;
  const likely = likelyWord(glob, known);
  const mend = likely ? `did you mean "${likely}"?` : 'all names are in docs/events.md';
  throw new Failure(2, `no event is called "${glob}"; ${mend}`);
}

async function* wantedOf(
  records: AsyncIterable<LogRecord>,
  session: string,
  glob: string | undefined,
): AsyncGenerator<LogRecord> {
  for await (const record of records) if (isWanted(record, session, glob)) yield record;
}

function isWanted(record: LogRecord, session: string | undefined, glob: string | undefined): boolean {
  if (session !== undefined && record.attributes['session.id'] !== session) return false;
  return glob === undefined || matchesGlob(glob, record.eventName);
}

function lineOf(record: LogRecord, form: EventsOptions['form']): string {
  return form === 'json' ? recordToJson(record) : eventLine(record);
}
