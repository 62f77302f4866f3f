/** Events from a file: one JSON object a line, as other programs write them or as `spoor events --json` does. */

import { EVENTS, type EventName } from '../../schemas/generated/registry.ts';
import type { Attributes, Event } from '../event.ts';
import type { LogSource } from './rule.ts';

/** A line that is not an event: the message names the place and the cause. */
export class BadEvent extends Error {
  override readonly name = 'BadEvent';
}

export interface JsonEvent {
  /** Line of the file, from 1. */
  readonly line: number;
  /** When it happened; undefined when it does not say. */
  readonly timeMs: number | undefined;
  /** Undefined when it does not say: then every rule is asked. */
  readonly logsource: LogSource | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The event as Spoor wrote it, when it is one of its own. */
  readonly own: Event | undefined;
}

/** @throws BadEvent */
export function parseEvent(file: string, line: number, text: string): JsonEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new BadEvent(`${file}:${line}: not JSON: ${error instanceof Error ? error.message : error}`);
  }
  return eventOf(parsed, `${file}:${line}`, line);
}

/**
 * @param place named in messages
 * @throws BadEvent
 */
export function eventOf(parsed: unknown, place: string, line: number): JsonEvent {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new BadEvent(`${place}: an event must be a JSON object`);
  const fields = parsed as Record<string, unknown>;
  const name = fields.event_name;
  const attributes = fields.attributes;
  if (
    typeof name === 'string' &&
    Object.hasOwn(EVENTS, name) &&
    typeof attributes === 'object' &&
    attributes !== null
  )
    return ownEvent(fields, name as EventName, attributes as Attributes, place, line);
  return {
    line,
    timeMs: timeOf(fields['@timestamp'], place),
    logsource: sourceOf(fields['@logsource'], place),
    fields,
    own: undefined,
  };
}

function ownEvent(
  fields: Record<string, unknown>,
  name: EventName,
  attributes: Attributes,
  place: string,
  line: number,
): JsonEvent {
  const timeMs = timeOf(fields.time, place);
  const uid = typeof fields.uid === 'string' ? fields.uid : String(line);
  const own: Event = {
    name,
    uid,
    timeNs: BigInt(Math.round((timeMs ?? 0) * 1e6)),
    severity: Number(fields.severity ?? 9),
    traceId: String(fields.trace_id ?? ''),
    spanId: String(fields.span_id ?? ''),
    attributes,
    seen: undefined,
  };
  return { line, timeMs, logsource: undefined, fields, own };
}

function sourceOf(value: unknown, place: string): LogSource | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value))
    throw new BadEvent(`${place}: @logsource must be an object with category, product, service`);
  const source = value as Record<string, unknown>;
  const part = (key: string): string | undefined => {
    const text = source[key];
    if (text === undefined || text === null) return undefined;
    if (typeof text !== 'string') throw new BadEvent(`${place}: @logsource.${key} must be a text`);
    return text.toLowerCase();
  };
  return { category: part('category'), product: part('product'), service: part('service') };
}

/** Milliseconds since the epoch. A time without a zone is UTC; a number is seconds, or milliseconds from 10^11 on. */
export function timeOf(value: unknown, place: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value))
    return Math.abs(value) < 1e11 ? value * 1000 : value;
  if (typeof value === 'string') {
    const match =
      /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
        value.trim(),
      );
    if (match) {
      const [, date, time = '00:00:00', fraction = '', zone = 'Z'] = match;
      const ms = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
      if (!Number.isNaN(ms)) return ms + Number(`0${fraction}`) * 1000;
    }
  }
  throw new BadEvent(`${place}: "${String(value)}" is no time; write it like 2026-01-31T12:00:00Z`);
}
