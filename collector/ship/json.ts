/**
 * A leaf of the log in OTLP's JSON mapping (protobuf's own, but for trace and span ids in hexadecimal and enums as
 * numbers): the types are those of the wire, so that 64-bit integers are strings with all their digits, bytes base64,
 * and nothing is lost on the way back.
 */

import { FieldReader } from '../log/record.ts';

export function jsonOfLeaf(leaf: Buffer): string {
  const reader = new FieldReader(leaf, 0, leaf.length);
  const fields: string[] = [];
  const attributes: string[] = [];
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        fields.push(`"timeUnixNano":"${reader.fixed64()}"`);
        break;
      case 2:
        fields.push(`"severityNumber":${reader.int64()}`);
        break;
      case 3:
        fields.push(`"severityText":${JSON.stringify(reader.text())}`);
        break;
      case 6:
        attributes.push(keyValue(reader.message()));
        break;
      case 9:
        fields.push(`"traceId":"${reader.bytes().toString('hex')}"`);
        break;
      case 10:
        fields.push(`"spanId":"${reader.bytes().toString('hex')}"`);
        break;
      case 11:
        fields.push(`"observedTimeUnixNano":"${reader.fixed64()}"`);
        break;
      case 12:
        fields.push(`"eventName":${JSON.stringify(reader.text())}`);
        break;
      default:
        // What a later version wrote into the log; this one has no name for it.
        reader.skip();
    }
  }
  if (attributes.length > 0) fields.push(`"attributes":[${attributes.join(',')}]`);
  return `{${fields.join(',')}}`;
}

function keyValue(reader: FieldReader): string {
  let key = '""';
  let value = '{}';
  while (reader.next()) {
    if (reader.field === 1) key = JSON.stringify(reader.text());
    else if (reader.field === 2) value = anyValue(reader.message());
    else reader.skip();
  }
  return `{"key":${key},"value":${value}}`;
}

function anyValue(reader: FieldReader): string {
  let value = '{}';
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = `{"stringValue":${JSON.stringify(reader.text())}}`;
        break;
      case 2:
        value = `{"boolValue":${reader.int64() !== 0}}`;
        break;
      case 3:
        value = `{"intValue":"${reader.int64()}"}`;
        break;
      case 4:
        value = `{"doubleValue":${double(reader.double())}}`;
        break;
      case 5:
        value = `{"arrayValue":{"values":[${arrayValues(reader.message()).join(',')}]}}`;
        break;
      case 7:
        value = `{"bytesValue":"${reader.bytes().toString('base64')}"}`;
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

function arrayValues(reader: FieldReader): string[] {
  const values: string[] = [];
  while (reader.next()) {
    if (reader.field === 1) values.push(anyValue(reader.message()));
    else reader.skip();
  }
  return values;
}

/** protobuf's JSON has words for what JSON has no numbers for; a negative zero keeps its sign. */
function double(value: number): string {
  if (!Number.isFinite(value))
    return `"${Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'}"`;
  return Object.is(value, -0) ? '-0.0' : JSON.stringify(value);
}
