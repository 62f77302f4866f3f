/** The head of an event around what it says. */

import type { SensorEvent } from '../../sensors/event.ts';
import { type Attributes, type Event, type EventName, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';

/** The trace is the session, the span its process. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
}

/** Of what is in no session. */
export const NO_SPAN: Span = { traceId: '', spanId: '' };

/** @param seen undefined where nothing of what was seen is for later stages */
export function newEvent(
  name: EventName,
  timeNs: bigint,
  { traceId, spanId }: Span,
  attributes: Attributes,
  seen: SensorEvent | undefined,
): Event {
  const uid = newUid(milliseconds(timeNs));
  return { name, uid, timeNs, severity: SEVERITY.info, traceId, spanId, attributes, seen };
}

/** A double holds an epoch time to 256 ns, which is exact enough for a uid's milliseconds. */
function milliseconds(timeNs: bigint): number {
  return Math.floor(Number(timeNs) / 1e6);
}
