/** Where `spoor rules` commands get events from: a file of them, Spoor's own log, or what a sensor recorded. */

import { createClassify } from '../../detect/classify.ts';
import { isJudged } from '../../detect/detect.ts';
import { eventOf, type JsonEvent } from '../../detect/json-event.ts';
import type { Event } from '../../event.ts';
import { ownCatalogue } from '../../recognise/catalogue-file.ts';
import { recordedEvents } from '../../recorded.ts';
import { Failure } from '../failure.ts';
import { readJsonEvents } from './event-file.ts';
import { BadInput } from './input.ts';

export interface EventPlaces {
  /** A file, one JSON object a line. */
  readonly events?: string;
  /** A state folder, whose log is read. */
  readonly state?: string;
  /** Of the log only this session. */
  readonly session?: string;
  /** A file of `spoor run --record`. */
  readonly recording?: string;
}

/**
 * The events of the one place that is named, in its order, as they come: a log may be larger than memory.
 * @throws BadInput, BadEvent
 */
export async function* readEvents(places: EventPlaces): AsyncGenerator<JsonEvent> {
  const { events, state, session, recording } = places;
  if ([events, state, recording].filter((place) => place !== undefined).length !== 1)
    throw new BadInput('name the events by one of --events FILE, --state FOLDER and --recording FILE');
  if (session !== undefined && state === undefined) throw new BadInput('--session goes with --state');
  if (events !== undefined) yield* readJsonEvents(events);
  else if (state !== undefined) yield* loggedEvents(state, session);
  else yield* eventsSeen(recording ?? '');
}

/**
 * The events of sessions in the log, numbered as there: as they were judged, but for secrets, which are masked in it.
 */
async function* loggedEvents(state: string, wanted: string | undefined): AsyncGenerator<JsonEvent> {
  const { readState } = await import('../state.ts');
  const { findSession, recordsFrom } = await import('../sessions-in-log.ts');
  const { recordToJson } = await import('../../log/record.ts');
  try {
    const { logDirectory } = readState(state);
    const session = wanted === undefined ? undefined : await findSession(logDirectory, wanted);
    for await (const record of recordsFrom(logDirectory, session?.from ?? 0)) {
      const of = record.attributes['session.id'];
      if (!isJudged(record.eventName) || of === undefined || (session && of !== session.id)) continue;
      const { index = 0 } = record;
      yield eventOf(JSON.parse(recordToJson(record)), `${state}: record ${index}`, index);
    }
  } catch (error) {
    if (error instanceof Failure) throw new BadInput(error.message);
    throw error;
  }
}

/** What a sensor saw, given its names and classes as on the endpoint. */
async function* eventsSeen(file: string): AsyncGenerator<JsonEvent> {
  const { SensorError } = await import('../../../sensors/sensor.ts');
  const classify = createClassify(ownCatalogue());
  let events: readonly Event[];
  try {
    events = recordedEvents(file);
  } catch (error) {
    if (error instanceof SensorError) throw new BadInput(error.message);
    throw error;
  }
  for (const [index, event] of events.entries()) {
    classify(event);
    const timeMs = Number(event.timeNs) / 1e6;
    yield { line: index + 2, timeMs, logsource: undefined, fields: {}, own: event };
  }
}
