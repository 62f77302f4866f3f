/** The event that passes through the stages: what the sensor saw, and what each stage made of it. */

import type { Attributes, EventName } from '../schemas/generated/registry.ts';
import type { SensorEvent } from '../sensors/event.ts';

export type { AttributeName, Attributes, EventName } from '../schemas/generated/registry.ts';

/** OpenTelemetry severity numbers (logs data model, SeverityNumber). */
export const SEVERITY = {
  info: 9,
  low: 12,
  medium: 13,
  warn: 13,
  high: 17,
  error: 17,
  critical: 21,
} as const;

export interface Event {
  readonly name: EventName;
  /** ULID. Given once, when the event is made; findings name their evidence by it. */
  readonly uid: string;
  /** When it happened, Unix epoch nanoseconds. */
  readonly timeNs: bigint;
  /** OpenTelemetry severity number. */
  severity: number;
  /** Lower-case hexadecimal, 32 and 16 characters, or empty: the session is the trace, the process the span. */
  traceId: string;
  spanId: string;
  /** Everything the event says, under registry names. uid and index are added when it is sealed. */
  readonly attributes: Attributes;
  /** What the sensor saw, for the stages that need more than the attributes; undefined for Spoor's own events. */
  readonly seen: SensorEvent | undefined;
}
