import { ATTRIBUTES, type AttributeName } from '../../schemas/generated/registry.ts';
import { formatTimeNs } from './checkpoint.ts';

/** A value as an attribute of a record holds it; an int is a bigint only where it passes 2^53. */
export type Value = string | number | bigint | boolean | Buffer | readonly Value[];

/** One record of the log, as its leaf says it. */
export interface LogRecord {
  /** `spoor.log.index`: its place in the log; undefined only in records that are no leaves (checkpoints). */
  readonly index: number | undefined;
  /** `log.record.uid`. */
  readonly uid: string;
  /** When it happened and when it was sealed, Unix epoch nanoseconds. */
  readonly timeNs: bigint;
  readonly observedNs: bigint;
  readonly eventName: string;
  readonly severity: number;
  readonly severityText: string;
  /** Lower-case hexadecimal, or empty. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Readonly<Record<string, Value>>;
}

/** Bytes that are no OTLP LogRecord; says at which byte. */
export class RecordError extends Error {
  override readonly name = 'RecordError';
}

/**
 * Decodes a leaf. Unknown fields are passed over, so that a record written by a later version can be read.
 * @throws RecordError
 */
export function decodeLeaf(leaf: Buffer): LogRecord {
  const reader = new FieldReader(leaf, 0, leaf.length);
  const record = {
    index: undefined as number | undefined,
    uid: '',
    timeNs: 0n,
    observedNs: 0n,
    eventName: '',
    severity: 0,
    severityText: '',
    traceId: '',
    spanId: '',
    attributes: {} as Record<string, Value>,
  };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        record.timeNs = reader.fixed64();
        break;
      case 2:
        record.severity = Number(reader.int64());
        break;
      case 3:
        record.severityText = reader.text();
        break;
      case 6:
        readKeyValue(reader.message(), record.attributes);
        break;
      case 9:
        record.traceId = reader.bytes().toString('hex');
        break;
      case 10:
        record.spanId = reader.bytes().toString('hex');
        break;
      case 11:
        record.observedNs = reader.fixed64();
        break;
      case 12:
        record.eventName = reader.text();
        break;
      default:
        reader.skip();
    }
  }
  const { 'log.record.uid': uid, 'spoor.log.index': index } = record.attributes;
  if (typeof uid === 'string') record.uid = uid;
  if (typeof index === 'number') record.index = index;
  return record;
}

/**
 * The line that `spoor events --json` prints for a record. Integers are printed with all their digits,
 * also past 2^53; bytes as base64.
 */
export function recordToJson(record: LogRecord): string {
  const fields = [
    `"time":"${formatTimeNs(record.timeNs)}"`,
    `"event_name":${JSON.stringify(record.eventName)}`,
    `"index":${record.index ?? 'null'}`,
    `"uid":${JSON.stringify(record.uid)}`,
    `"trace_id":"${record.traceId}"`,
    `"span_id":"${record.spanId}"`,
    `"severity":${record.severity}`,
    `"attributes":{${Object.entries(record.attributes)
      .filter(([name]) => name !== 'log.record.uid' && name !== 'spoor.log.index')
      .map(([name, value]) => `${JSON.stringify(name)}:${valueToJson(value)}`)
      .join(',')}}`,
  ];
  return `{${fields.join(',')}}`;
}

/** Whether the registry knows the attribute; a SIEM may add others to its copy. */
export function isRegistered(name: string): name is AttributeName {
  return Object.hasOwn(ATTRIBUTES, name);
}

function valueToJson(value: Value): string {
  if (typeof value === 'bigint') return value.toString();
  if (Buffer.isBuffer(value)) return `"${value.toString('base64')}"`;
  if (Array.isArray(value)) return `[${value.map(valueToJson).join(',')}]`;
  return JSON.stringify(value);
}

function readKeyValue(reader: FieldReader, into: Record<string, Value>): void {
  let key = '';
  let value: Value = '';
  while (reader.next()) {
    if (reader.field === 1) key = reader.text();
    else if (reader.field === 2) value = readValue(reader.message());
    else reader.skip();
  }
  into[key] = value;
}

function readValue(reader: FieldReader): Value {
  let value: Value = '';
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = reader.text();
        break;
      case 2:
        value = reader.int64() !== 0;
        break;
      case 3:
        value = reader.int64();
        break;
      case 4:
        value = reader.double();
        break;
      case 5:
        value = readArray(reader.message());
        break;
      case 7:
        value = reader.bytes();
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

function readArray(reader: FieldReader): Value[] {
  const values: Value[] = [];
  while (reader.next()) {
    if (reader.field === 1) values.push(readValue(reader.message()));
    else reader.skip();
  }
  return values;
}

/** Walks the fields of one protobuf message in place. */
export class FieldReader {
  field = 0;
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;
  #wire = 0;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    return true;
  }

  message(): FieldReader {
    const [start, end] = this.#span();
    return new FieldReader(this.#bytes, start, end);
  }

  text(): string {
    const [start, end] = this.#span();
    return this.#bytes.toString('utf8', start, end);
  }

  bytes(): Buffer {
    const [start, end] = this.#span();
    return Buffer.from(this.#bytes.subarray(start, end));
  }

  int64(): number | bigint {
    this.#expect(0);
    return this.#signedVarint();
  }

  fixed64(): bigint {
    this.#expect(1);
    return this.#bytes.readBigUInt64LE(this.#advance(8));
  }

  double(): number {
    this.#expect(1);
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  skip(): void {
    if (this.#wire === 0) this.#signedVarint();
    else if (this.#wire === 1) this.#advance(8);
    else if (this.#wire === 5) this.#advance(4);
    else this.#span();
  }

  #span(): [number, number] {
    this.#expect(2);
    const length = this.#varint();
    const start = this.#advance(length);
    return [start, start + length];
  }

  #expect(wire: number): void {
    if (this.#wire !== wire)
      throw new RecordError(`byte ${this.#at}: field ${this.field} has wire type ${this.#wire}`);
  }

  #advance(count: number): number {
    const start = this.#at;
    if (start + count > this.#end)
      throw new RecordError(`byte ${start}: ${count} bytes wanted, the message ends`);
    this.#at += count;
    return start;
  }

  #varint(): number {
    const value = this.#signedVarint();
    if (typeof value !== 'number' || value < 0)
      throw new RecordError(`byte ${this.#at}: a length of ${value}`);
    return value;
  }

  #signedVarint(): number | bigint {
    let value = 0;
    let scale = 1;
    const start = this.#at;
    for (let count = 0; count < 7; count++) {
      const byte = this.#bytes[this.#advance(1)] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    return this.#longVarint(start);
  }

  #longVarint(start: number): number | bigint {
    this.#at = start;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#advance(1)] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      const signed = BigInt.asIntN(64, value);
      return signed >= Number.MIN_SAFE_INTEGER && signed <= Number.MAX_SAFE_INTEGER ? Number(signed) : signed;
    }
    throw new RecordError(`byte ${start}: a varint of more than ten bytes`);
  }
}
