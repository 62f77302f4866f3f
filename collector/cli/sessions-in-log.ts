/** Finds a session in the log. */

import { countRecords, readRecords } from '../log/reader.ts';
import { decodeLeaf, type LogRecord, RecordError } from '../log/record.ts';
import { Failure } from './failure.ts';

/** Records read at a time on the way back; one bundle of the log. */
const STEP_RECORDS = 256;

export interface FoundSession {
  readonly id: string;
  /** Index of its session.start. */
  readonly from: number;
}

/**
 * Records `from` up to the log's present end, decoded.
 * @throws Failure (2) naming the record that cannot be read
 */
export async function* recordsFrom(
  directory: string,
  from: number,
  to = countRecords(directory),
): AsyncGenerator<LogRecord> {
  for await (const stored of readRecords(directory, from, to)) {
    for (const { index, leaf } of stored) yield decode(directory, index, leaf);
  }
}

function decode(directory: string, index: number, leaf: Buffer): LogRecord {
  try {
    return decodeLeaf(leaf);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    const cause = `record ${index} is damaged (${error.message})`;
    throw new Failure(2, `${directory}: ${cause}; what is left of the log: spoor verify`);
  }
}

/**
 * The latest session whose id is or begins with `wanted`, or the latest of all for "last".
 * @throws Failure (2) when there is none, or when the beginning fits several
 */
export async function findSession(directory: string, wanted: string): Promise<FoundSession> {
  if (wanted !== 'last' && !/^[0-9a-f]{4,32}$/.test(wanted)) {
    throw new Failure(
      2,
      `"${wanted}" is no session: give at least 4 hexadecimal digits of its id, or "last"`,
    );
  }
  const found: FoundSession[] = [];
  for (let to = countRecords(directory); to > 0; to -= STEP_RECORDS) {
    const from = Math.max(0, to - STEP_RECORDS);
    for (const session of (await startsIn(directory, from, to)).reverse()) {
      if (wanted === 'last' || session.id === wanted) return session;
      if (session.id.startsWith(wanted)) found.push(session);
    }
  }
  const [first, second] = found;
  if (!first)
    throw new Failure(2, `${directory} holds no session ${wanted}; see: spoor events --event session.start`);
  if (second)
    throw new Failure(
      2,
      `${wanted} begins ${found.length} sessions (${first.id}, ${second.id}); give more of the id`,
    );
  return first;
}

async function startsIn(directory: string, from: number, to: number): Promise<FoundSession[]> {
  const found: FoundSession[] = [];
  let index = from;
  for await (const record of recordsFrom(directory, from, to)) {
    const id = record.attributes['session.id'];
    if (record.eventName === 'session.start' && typeof id === 'string')
      found.push({ id, from: record.index ?? index });
    index += 1;
  }
  return found;
}
