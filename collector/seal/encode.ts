import {
  ATTRIBUTES,
  type AttributeName,
  type AttributeType,
  EVENTS,
} from '../../schemas/generated/registry.ts';
import type { Event, EventName } from '../event.ts';
import { severityText } from './severity.ts';
import { int64Size, varintSize, writeInt64, writeText, writeVarint } from './wire.ts';

/** An event says something its registry entry does not allow; names the event, the attribute and the cause. */
export class EncodeError extends Error {
  override readonly name = 'EncodeError';
}

/** An attribute an event may carry, with what its encoding always begins with. */
export interface Slot {
  readonly name: AttributeName;
  readonly type: AttributeType;
  /** KeyValue.key, tag and length included. */
  readonly key: Buffer;
}

export interface Plan {
  readonly name: EventName;
  /** LogRecord.event_name, tag and length included. */
  readonly eventName: Buffer;
  /** In canonical order: the registry's generator sorts by the bytes of the key. */
  readonly slots: readonly Slot[];
}

/** Tags: field number * 8 + wire type, all below 128 and so one byte. */
const RECORD_TIME = 0x09;
const RECORD_SEVERITY_NUMBER = 0x10;
const RECORD_SEVERITY_TEXT = 0x1a;
const RECORD_ATTRIBUTE = 0x32;
const RECORD_TRACE_ID = 0x4a;
const RECORD_SPAN_ID = 0x52;
const RECORD_OBSERVED_TIME = 0x59;
const RECORD_EVENT_NAME = 0x62;
const KEY_VALUE_KEY = 0x0a;
const KEY_VALUE_VALUE = 0x12;
const VALUE_STRING = 0x0a;
const VALUE_BOOL = 0x10;
const VALUE_INT = 0x18;
const VALUE_DOUBLE = 0x21;
const VALUE_ARRAY = 0x2a;
const VALUE_BYTES = 0x3a;
const ARRAY_VALUE = 0x0a;

/** A time field: one byte of tag, eight of value. */
const TIME_BYTES = 9;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

export const PLANS: ReadonlyMap<string, Plan> = new Map<string, Plan>(
  (Object.keys(EVENTS) as EventName[]).map((name) => [name, planOf(name)]),
);

function planOf(name: EventName): Plan {
  const slots = EVENTS[name].attributes.map((attribute) => ({
    name: attribute,
    type: ATTRIBUTES[attribute].type,
    key: field(KEY_VALUE_KEY, attribute),
  }));
  return { name, eventName: field(RECORD_EVENT_NAME, name), slots };
}

function field(tag: number, text: string): Buffer {
  const bytes = Buffer.from(text);
  const whole = Buffer.alloc(1 + varintSize(bytes.length) + bytes.length);
  whole[0] = tag;
  bytes.copy(whole, writeVarint(whole, 1, bytes.length));
  return whole;
}

/**
 * Turns an event into a leaf of the log: the canonical encoding of one OTLP LogRecord (docs/log.md).
 *
 * Two steps, so that the caller can make room and refuse what is too long: `measure` checks the event and
 * returns the exact size, `write` writes what was measured last. Nothing is kept between events.
 */
export class LeafEncoder {
  #event: Event | undefined;
  #plan: Plan | undefined;
  #observedNs = 0n;
  /** Values of the plan's slots, in its order, and for each the size of its AnyValue; undefined when absent. */
  #values: unknown[] = [];
  #sizes: number[] = [];
  #severityText = '';

  /**
   * @param index place of the record in the log
   * @param observedNs when the record was sealed, Unix epoch nanoseconds
   * @throws EncodeError for an unregistered event or attribute, or a value that is not of the registered type
   */
  measure(event: Event, index: number, observedNs: bigint): number {
    const plan = PLANS.get(event.name);
    if (!plan) throw new EncodeError(`event "${event.name}" is not in the registry`);
    this.#event = event;
    this.#plan = plan;
    this.#observedNs = observedNs;
    this.#severityText = severityText(event.severity);

    let size = plan.eventName.length;
    if (event.timeNs !== 0n) size += TIME_BYTES;
    if (observedNs !== 0n) size += TIME_BYTES;
    if (event.severity !== 0) size += 1 + int64Size(event.severity);
    if (this.#severityText !== '') size += 2 + this.#severityText.length;
    if (event.traceId !== '') size += 2 + idBytes(event, 'traceId', TRACE_ID_BYTES);
    if (event.spanId !== '') size += 2 + idBytes(event, 'spanId', SPAN_ID_BYTES);

    const attributes = event.attributes;
    const { slots } = plan;
    let taken = 0;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as Slot;
      let value: unknown = attributes[slot.name];
      if (slot.name === 'log.record.uid' || slot.name === 'spoor.log.index') {
        if (value !== undefined) refuse(event, slot.name, 'is given when the record is sealed, not before');
        value = slot.name === 'log.record.uid' ? event.uid : index;
      } else if (value === undefined) {
        this.#values[i] = undefined;
        continue;
      } else taken++;
      const valueSize = sizeOfValue(event, slot, value);
      this.#values[i] = value;
      this.#sizes[i] = valueSize;
      const pair = slot.key.length + 1 + varintSize(valueSize) + valueSize;
      size += 1 + varintSize(pair) + pair;
    }
    let given = 0;
    for (const name in attributes) if (attributes[name as AttributeName] !== undefined) given++;
    if (given !== taken) refuseUnregistered(event, plan);
    return size;
  }

  /** Writes the event that was measured last; returns the place after it. `target` must have room. */
  write(target: Buffer, at: number): number {
    const event = this.#event;
    const plan = this.#plan;
    if (!event || !plan) throw new EncodeError('nothing was measured');
    let next = at;
    if (event.timeNs !== 0n) next = writeTime(target, next, RECORD_TIME, event.timeNs);
    if (event.severity !== 0) {
      target[next++] = RECORD_SEVERITY_NUMBER;
      next = writeInt64(target, next, event.severity);
    }
    if (this.#severityText !== '') {
      target[next++] = RECORD_SEVERITY_TEXT;
      target[next++] = this.#severityText.length;
      next = writeText(target, next, this.#severityText, this.#severityText.length);
    }
    const { slots } = plan;
    for (let i = 0; i < slots.length; i++) {
      const value = this.#values[i];
      if (value === undefined) continue;
      const slot = slots[i] as Slot;
      const valueSize = this.#sizes[i] as number;
      target[next++] = RECORD_ATTRIBUTE;
      next = writeVarint(target, next, slot.key.length + 1 + varintSize(valueSize) + valueSize);
      target.set(slot.key, next);
      next += slot.key.length;
      target[next++] = KEY_VALUE_VALUE;
      next = writeVarint(target, next, valueSize);
      next = writeValue(target, next, slot.type, value);
    }
    if (event.traceId !== '') next = writeId(target, next, RECORD_TRACE_ID, event.traceId, TRACE_ID_BYTES);
    if (event.spanId !== '') next = writeId(target, next, RECORD_SPAN_ID, event.spanId, SPAN_ID_BYTES);
    if (this.#observedNs !== 0n) next = writeTime(target, next, RECORD_OBSERVED_TIME, this.#observedNs);
    target.set(plan.eventName, next);
    return next + plan.eventName.length;
  }

  /** The attribute that takes the most bytes in what was measured last; `spoor.cut` itself left out. */
  largest(): { name: AttributeName; bytes: number } {
    const slots = this.#plan?.slots ?? [];
    let largest: { name: AttributeName; bytes: number } = { name: 'log.record.uid', bytes: 0 };
    for (let i = 0; i < slots.length; i++) {
      const { name } = slots[i] as Slot;
      const bytes = this.#values[i] === undefined || name === 'spoor.cut' ? 0 : (this.#sizes[i] ?? 0);
      if (bytes > largest.bytes) largest = { name, bytes };
    }
    return largest;
  }
}

/** The leaf of one event, in a buffer of its own. */
export function encodeLeaf(event: Event, index: number, observedNs: bigint): Buffer {
  const encoder = new LeafEncoder();
  const leaf = Buffer.alloc(encoder.measure(event, index, observedNs));
  encoder.write(leaf, 0);
  return leaf;
}

function sizeOfValue(event: Event, slot: Slot, value: unknown): number {
  switch (slot.type) {
    case 'string':
      if (typeof value !== 'string') return refuse(event, slot.name, `is ${kindOf(value)}, not a string`);
      return sizeOfBytes(Buffer.byteLength(value));
    case 'int':
      return 1 + int64Size(checkedInt(event, slot.name, value));
    case 'boolean':
      if (typeof value !== 'boolean') return refuse(event, slot.name, `is ${kindOf(value)}, not a boolean`);
      return 2;
    case 'double':
      if (typeof value !== 'number') return refuse(event, slot.name, `is ${kindOf(value)}, not a number`);
      return 9;
    case 'bytes':
      if (!(value instanceof Uint8Array)) return refuse(event, slot.name, `is ${kindOf(value)}, not bytes`);
      return sizeOfBytes(value.length);
    case 'string[]':
    case 'int[]':
      if (!Array.isArray(value)) return refuse(event, slot.name, `is ${kindOf(value)}, not an array`);
      return sizeOfBytes(sizeOfElements(event, slot, value));
  }
}

/** Tag, length and bytes of a length-delimited AnyValue. */
function sizeOfBytes(length: number): number {
  return 1 + varintSize(length) + length;
}

function sizeOfElements(event: Event, slot: Slot, values: readonly unknown[]): number {
  let size = 0;
  for (const value of values) {
    const element = slot.type === 'int[]' ? checkedInt(event, slot.name, value) : value;
    if (slot.type === 'string[]' && typeof element !== 'string')
      return refuse(event, slot.name, `holds ${kindOf(element)}, not only strings`);
    size += sizeOfBytes(sizeOfElement(element as string | number | bigint));
  }
  return size;
}

function sizeOfElement(element: string | number | bigint): number {
  return typeof element === 'string' ? sizeOfBytes(Buffer.byteLength(element)) : 1 + int64Size(element);
}

function checkedInt(event: Event, name: string, value: unknown): number | bigint {
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) return value;
    return refuse(event, name, `is ${value}, not a whole number below 2^53; give a bigint`);
  }
  if (typeof value !== 'bigint') return refuse(event, name, `is ${kindOf(value)}, not an integer`);
  if (value > MAX_INT64 || value < MIN_INT64) return refuse(event, name, `is ${value}, which has no int64`);
  return value;
}

function writeValue(target: Buffer, at: number, type: AttributeType, value: unknown): number {
  switch (type) {
    case 'string':
      return writeString(target, at, value as string);
    case 'int':
      target[at] = VALUE_INT;
      return writeInt64(target, at + 1, value as number | bigint);
    case 'boolean':
      target[at] = VALUE_BOOL;
      target[at + 1] = value ? 1 : 0;
      return at + 2;
    case 'double':
      target[at] = VALUE_DOUBLE;
      return target.writeDoubleLE(value as number, at + 1);
    case 'bytes': {
      const bytes = value as Uint8Array;
      target[at] = VALUE_BYTES;
      const next = writeVarint(target, at + 1, bytes.length);
      target.set(bytes, next);
      return next + bytes.length;
    }
    case 'string[]':
    case 'int[]':
      return writeElements(target, at, value as readonly (string | number | bigint)[]);
  }
}

function writeString(target: Buffer, at: number, text: string): number {
  const length = Buffer.byteLength(text);
  target[at] = VALUE_STRING;
  return writeText(target, writeVarint(target, at + 1, length), text, length);
}

function writeElements(target: Buffer, at: number, elements: readonly (string | number | bigint)[]): number {
  let size = 0;
  for (const element of elements) size += sizeOfBytes(sizeOfElement(element));
  target[at] = VALUE_ARRAY;
  let next = writeVarint(target, at + 1, size);
  for (const element of elements) {
    target[next++] = ARRAY_VALUE;
    next = writeVarint(target, next, sizeOfElement(element));
    if (typeof element === 'string') next = writeString(target, next, element);
    else {
      target[next++] = VALUE_INT;
      next = writeInt64(target, next, element);
    }
  }
  return next;
}

function writeTime(target: Buffer, at: number, tag: number, timeNs: bigint): number {
  target[at] = tag;
  return target.writeBigUInt64LE(timeNs, at + 1);
}

function writeId(target: Buffer, at: number, tag: number, hex: string, bytes: number): number {
  target[at] = tag;
  target[at + 1] = bytes;
  target.write(hex, at + 2, bytes, 'hex');
  return at + 2 + bytes;
}

const HEX = /^[0-9a-f]+$/;

function idBytes(event: Event, field: 'traceId' | 'spanId', bytes: number): number {
  const hex = event[field];
  if (hex.length !== 2 * bytes || !HEX.test(hex))
    throw new EncodeError(
      `${event.name}: ${field} "${hex}" is not ${2 * bytes} lower-case hexadecimal digits`,
    );
  return bytes;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function refuse(event: Event, attribute: string, cause: string): never {
  throw new EncodeError(`${event.name}: ${attribute} ${cause}`);
}

function refuseUnregistered(event: Event, plan: Plan): never {
  const allowed = new Set<string>(plan.slots.map((slot) => slot.name));
  const given = event.attributes as Readonly<Record<string, unknown>>;
  const strange = Object.keys(given).filter((name) => given[name] !== undefined && !allowed.has(name));
  throw new EncodeError(
    `${event.name}: ${strange.join(', ')} is not registered for this event; add it to schemas/registry.yml`,
  );
}
