import { Refused, toHex } from './bytes.ts';

/** A value of an attribute; integers are bigint whatever their size. */
export type Value = string | bigint | number | boolean | Uint8Array | readonly Value[];

/** An OTLP LogRecord as the bytes of a leaf say it. */
export interface Record {
  readonly eventName: string;
  readonly timeUnixNano: bigint;
  readonly observedTimeUnixNano: bigint;
  readonly severityNumber: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: ReadonlyMap<string, Value>;
}

/** Decodes a leaf; fields it does not know are passed over. @throws Refused for bytes that are no protobuf message */
export function decodeRecord(leaf: Uint8Array): Record {
  const attributes = new Map<string, Value>();
  const found = new Map<number, Field>();
  for (const field of fieldsOf(leaf)) {
    if (field.number !== 6) found.set(field.number, field);
    else {
      const pair = [...fieldsOf(bytesIn(field))];
      const key = pair.find(({ number }) => number === 1);
      const value = pair.find(({ number }) => number === 2);
      if (key && value) attributes.set(textIn(key), anyValue(bytesIn(value)));
    }
  }
  const hexIn = (number: number): string => toHex(bytesIn(found.get(number)));
  return {
    eventName: textIn(found.get(12)),
    timeUnixNano: numberIn(found.get(1)),
    observedTimeUnixNano: numberIn(found.get(11)),
    severityNumber: Number(numberIn(found.get(2))),
    traceId: hexIn(9),
    spanId: hexIn(10),
    attributes,
  };
}

/** The leaves of an entry bundle (C2SP tlog-tiles): each after two bytes of length, big endian. */
export function leavesOf(bundle: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bundle.length; ) {
    const end = at + 2 + ((bundle[at] ?? 0) << 8) + (bundle[at + 1] ?? 0);
    if (at + 2 > bundle.length || end > bundle.length)
      throw new Refused(`the bundle ends inside entry ${leaves.length}`);
    leaves.push(bundle.subarray(at + 2, end));
    at = end;
  }
  return leaves;
}

interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

function anyValue(message: Uint8Array): Value {
  for (const field of fieldsOf(message)) {
    if (field.number === 1) return textIn(field);
    if (field.number === 2) return numberIn(field) !== 0n;
    if (field.number === 3) return BigInt.asIntN(64, numberIn(field));
    if (field.number === 4) return doubleIn(field);
    if (field.number === 5) return [...fieldsOf(bytesIn(field))].map((element) => anyValue(bytesIn(element)));
    if (field.number === 7) return bytesIn(field);
  }
  return '';
}

function* fieldsOf(message: Uint8Array): Generator<Field> {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Refused(`no varint ends at byte ${at}`);
  };
  while (at < message.length) {
    const tag = varint();
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (wire === 0) yield { number, value: varint() };
    else {
      const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? Number(varint()) : Number.NaN;
      if (!(at + length <= message.length)) throw new Refused(`field ${number} goes past the end`);
      const bytes = message.subarray(at, at + length);
      const fixed =
        wire === 1 ? view.getBigUint64(at, true) : wire === 5 ? BigInt(view.getUint32(at, true)) : undefined;
      at += length;
      yield { number, value: fixed ?? bytes };
    }
  }
}

function bytesIn(field: Field | undefined): Uint8Array {
  return field?.value instanceof Uint8Array ? field.value : new Uint8Array();
}

function textIn(field: Field | undefined): string {
  return new TextDecoder().decode(bytesIn(field));
}

function numberIn(field: Field | undefined): bigint {
  return typeof field?.value === 'bigint' ? field.value : 0n;
}

function doubleIn(field: Field): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, numberIn(field));
  return view.getFloat64(0);
}
