import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { EVENTS } from '../../schemas/generated/registry.ts';
import type { Attributes, Event, EventName } from '../event.ts';
import { EncodeError, encodeLeaf } from '../seal/encode.ts';
import { severityText } from '../seal/severity.ts';

/** Longest line read: 512 MiB is the longest text that Node holds, and requests have 1 MiB. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Fields of a LogRecord that are part of an entry; anything else in one was added on the way. */
const SIGNED_FIELDS: ReadonlySet<string> = new Set([
  'timeUnixNano',
  'observedTimeUnixNano',
  'severityNumber',
  'severityText',
  'eventName',
  'traceId',
  'spanId',
  'attributes',
]);

/** A record of a copy, with the canonical bytes rebuilt from it. */
export interface CopiedRecord {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly eventName: string;
  readonly attributes: Attributes;
  /** Undefined where the record cannot be a leaf of any log; `fault` says why. */
  readonly leaf: Buffer | undefined;
  readonly fault: string;
  /** Attributes the registry does not know for this event: added on the way, not part of what was signed. */
  readonly foreign: readonly string[];
  /** `spoor.key.id` of the resource it came with; undefined when it came without one. */
  readonly keyId: string | undefined;
}

/** A line that is no OTLP-JSON; names it and the cause. */
export class CopyError extends Error {
  override readonly name = 'CopyError';
}

export interface ReadOptions {
  /** Reads only lines with this text in them; a file is looked through quicker than it is parsed. */
  readonly containing?: string;
  /** Told the last line where the file ends within it: no newline, and no JSON. Its records are not read. */
  readonly onCut?: (line: number) => void;
}

/**
 * Reads a SIEM's copy: one ExportLogsServiceRequest a line, as the OpenTelemetry Collector's file exporter writes
 * them, or one LogRecord a line. Empty lines are passed over.
 * @throws CopyError naming the line
 */
export async function* readOtlpJson(
  path: string,
  { containing = '', onCut }: ReadOptions = {},
): AsyncGenerator<CopiedRecord> {
  const reading: Reading = { endsWithNewline: true };
  const input = Readable.from(withinLines(path, reading));
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  let line = 0;
  // Whether it is the last line, and the file ends within it, is known only when no other follows.
  let wrong: CopyError | undefined;
  for await (const text of lines) {
    line++;
    if (wrong) throw wrong;
    if (!text.includes(containing) || text.trim() === '') continue;
    const parsed = parseLine(path, line, text);
    if (parsed instanceof CopyError) wrong = parsed;
    else yield* recordsOf(locate(path, line, parsed), line);
  }
  if (wrong && reading.endsWithNewline) throw wrong;
  if (wrong) onCut?.(line);
}

interface Reading {
  endsWithNewline: boolean;
}

/** The file's bytes. @throws CopyError at a line that is too long to be held */
async function* withinLines(path: string, reading: Reading): AsyncGenerator<Buffer> {
  let line = 1;
  let lineBytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const end = chunk.lastIndexOf(NEWLINE);
    lineBytes = end < 0 ? lineBytes + chunk.length : chunk.length - end - 1;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) line++;
    if (lineBytes > MAX_LINE_BYTES)
      throw new CopyError(
        `${path}:${line}: a line of more than ${MAX_LINE_BYTES} bytes; one request or one record a line is read`,
      );
    reading.endsWithNewline = lineBytes === 0;
    yield chunk;
  }
}

interface Located {
  readonly record: Json;
  readonly keyId: string | undefined;
}

type Json = { readonly [name: string]: unknown };

function parseLine(path: string, line: number, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return new CopyError(`${path}:${line}: not JSON: ${(error as Error).message}`);
  }
}

/** @throws CopyError where the line is neither of the two */
function locate(path: string, line: number, parsed: unknown): Located[] {
  if (!isObject(parsed)) throw new CopyError(`${path}:${line}: neither an OTLP request nor a log record`);
  if (!('resourceLogs' in parsed)) {
    if (!('attributes' in parsed))
      throw new CopyError(`${path}:${line}: neither "resourceLogs" nor a log record with "attributes"`);
    return [{ record: parsed, keyId: undefined }];
  }
  return objects(parsed.resourceLogs).flatMap((ofResource) => {
    const resource = isObject(ofResource.resource) ? ofResource.resource : {};
    const keyId = objects(resource.attributes).find(({ key }) => key === 'spoor.key.id')?.value;
    const said = isObject(keyId) && typeof keyId.stringValue === 'string' ? keyId.stringValue : undefined;
    return objects(ofResource.scopeLogs).flatMap((ofScope) =>
      objects(ofScope.logRecords).map((record) => ({ record, keyId: said })),
    );
  });
}

function* recordsOf(located: readonly Located[], line: number): Generator<CopiedRecord> {
  for (const { record, keyId } of located) {
    const eventName = typeof record.eventName === 'string' ? record.eventName : '';
    const known = new Set<string>(
      Object.hasOwn(EVENTS, eventName) ? EVENTS[eventName as EventName].attributes : [],
    );
    const attributes: Record<string, unknown> = {};
    const foreign = Object.keys(record).filter(
      (field) => !SIGNED_FIELDS.has(field) && !isEmpty(record[field]),
    );
    let fault: string | undefined;
    for (const { key, value } of objects(record.attributes)) {
      const name = String(key);
      if (!known.has(name)) foreign.push(name);
      else if (Object.hasOwn(attributes, name)) fault ??= `it has the attribute ${name} twice`;
      else {
        attributes[name] = anyValue(value);
        // Left out it would be as if nobody had added it.
        if (attributes[name] === undefined)
          fault ??= `its attribute ${name} has no value that a record can have`;
      }
    }
    const rebuilt = fault === undefined ? rebuild(record, eventName, attributes) : { leaf: undefined, fault };
    yield { line, eventName, attributes, foreign, keyId, ...rebuilt };
  }
}

/** The canonical encoding of docs/log.md, from what the copy says. */
function rebuild(
  record: Json,
  eventName: string,
  attributes: Attributes,
): { leaf: Buffer | undefined; fault: string } {
  const { 'log.record.uid': uid, 'spoor.log.index': index, ...rest } = attributes;
  if (!Object.hasOwn(EVENTS, eventName))
    return { leaf: undefined, fault: `its event name is "${eventName}"` };
  const severity = severityOf(record.severityNumber);
  const { severityText: text } = record;
  if (text !== undefined && text !== severityText(severity))
    return { leaf: undefined, fault: `its severity text is "${String(text)}" and its number ${severity}` };
  for (const id of [record.traceId, record.spanId])
    if (typeof id !== 'string' && !isEmpty(id))
      return { leaf: undefined, fault: 'its trace or span id is no text' };
  try {
    const event: Event = {
      name: eventName as EventName,
      uid: uid ?? '',
      timeNs: BigInt(String(record.timeUnixNano ?? 0)),
      severity,
      traceId: hexOf(record.traceId),
      spanId: hexOf(record.spanId),
      attributes: rest,
      seen: undefined,
    };
    const observedNs = BigInt(String(record.observedTimeUnixNano ?? 0));
    return { leaf: encodeLeaf(event, Number(index ?? 0), observedNs), fault: '' };
  } catch (error) {
    // BigInt() of what is no number throws a SyntaxError or RangeError.
    if (error instanceof EncodeError || error instanceof SyntaxError || error instanceof RangeError)
      return { leaf: undefined, fault: error.message };
    throw error;
  }
}

/**
 * An AnyValue of the OTLP/JSON mapping: int64 as a string or a number, bytes as base64.
 * Undefined for what is none, or none that is signed: a map, nothing, two values at once.
 */
function anyValue(value: unknown): unknown {
  if (!isObject(value) || !('arrayValue' in value)) return scalar(value);
  const { arrayValue } = value;
  if (!isObject(arrayValue) || Object.keys(value).length !== 1) return undefined;
  const { values = [] } = arrayValue;
  const list = Array.isArray(values) ? values.map(scalar) : [undefined];
  return list.includes(undefined) ? undefined : list;
}

/** Of a list no element is a list: nothing that is signed is deeper. */
function scalar(value: unknown): unknown {
  if (!isObject(value) || Object.keys(value).length !== 1) return undefined;
  const { stringValue, boolValue, intValue, doubleValue, bytesValue } = value;
  if (typeof stringValue === 'string') return stringValue;
  if (typeof boolValue === 'boolean') return boolValue;
  if (intValue !== undefined) return intOf(intValue);
  if (doubleValue !== undefined) return Number(doubleValue);
  return typeof bytesValue === 'string' ? Buffer.from(bytesValue, 'base64') : undefined;
}

function intOf(value: unknown): unknown {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}

/** protobuf's JSON allows an enum's name as well as its number. */
function severityOf(value: unknown): number {
  if (typeof value === 'number') return value;
  const name = /^SEVERITY_NUMBER_(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234]?)$/.exec(String(value ?? ''));
  if (!name) return 0;
  const range = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].indexOf(name[1] ?? '');
  return 4 * range + Number(name[2] || 1);
}

function hexOf(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : '';
}

/** What protobuf's JSON writes of a field that is not set. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === '' || value === '0') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function objects(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
