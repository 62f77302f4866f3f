import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parse } from 'yaml';
import { spoor } from '../../schemas/generated/otlp.js';
import { ATTRIBUTES, type AttributeName, type Attributes, EVENTS } from '../../schemas/generated/registry.ts';
import { CHECKOUT } from '../../test/checkout.ts';
import type { Event, EventName } from '../event.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';
import { newUid } from '../uid.ts';
import { readRecords } from './reader.ts';

const RECORDS = 100_000;

/** The registry as it is written, not the tables made from it. */
interface Registry {
  readonly groups: Readonly<Record<string, { readonly attributes: readonly string[] }>>;
  readonly events: Readonly<
    Record<string, { readonly groups?: readonly string[]; readonly attributes?: readonly string[] }>
  >;
  readonly attributes: Readonly<Record<string, { readonly type: string }>>;
}

/** Which member of an AnyValue holds a value of the type. */
const MEMBERS: Readonly<Record<string, string>> = {
  string: 'stringValue',
  int: 'intValue',
  double: 'doubleValue',
  boolean: 'boolValue',
  bytes: 'bytesValue',
  'string[]': 'arrayValue',
  'int[]': 'arrayValue',
};

function someValue(name: AttributeName, n: number): unknown {
  switch (ATTRIBUTES[name].type) {
    case 'string':
      return n % 5 === 0 ? `ü${n}` : `${name} ${n}`;
    case 'int':
      return n % 3 === 0 ? -n : n;
    case 'double':
      return n / 3;
    case 'boolean':
      return n % 2 === 0;
    case 'bytes':
      return Buffer.from([n % 256]);
    case 'string[]':
      return n % 4 === 0 ? [] : [`${n}`, ''];
    case 'int[]':
      return [n, 0];
  }
}

function someEvent(n: number, names: readonly EventName[]): Event {
  const name = names[n % names.length] as EventName;
  const attributes: Record<string, unknown> = {};
  // By n itself, 60 kinds would each leave the same third out every time.
  const time = Math.floor(n / names.length);
  EVENTS[name].attributes.forEach((attribute, i) => {
    if (attribute === 'log.record.uid' || attribute === 'spoor.log.index' || (time + i) % 3 === 0) return;
    attributes[attribute] = someValue(attribute, time + i);
  });
  return {
    name,
    uid: newUid(1_700_000_000_000 + n),
    timeNs: BigInt(n),
    severity: 9,
    traceId: '',
    spanId: '',
    attributes: attributes as Attributes,
    seen: undefined,
  };
}

test('of 100,000 records of every kind, read by protobufjs, none says what the registry does not allow', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'schema-'));
  t.after(() => rmSync(state, { recursive: true }));
  const registry = parse(readFileSync(join(CHECKOUT, 'schemas/registry.yml'), 'utf8')) as Registry;
  const allowed = new Map(
    Object.entries(registry.events).map(([name, { groups = [], attributes = [] }]) => [
      name,
      new Set([...groups.flatMap((group) => registry.groups[group]?.attributes ?? []), ...attributes]),
    ]),
  );
  const hostKey = openHostKey(join(state, 'key'));
  const seal = await openSeal({ directory: join(state, 'log'), hostKey, hostId: 'h' });
  const names = Object.keys(EVENTS) as EventName[];
  for (let n = 0; n < RECORDS; n += 1_000) {
    seal.append(Array.from({ length: 1_000 }, (_, i) => someEvent(n + i, names)));
    await seal.checkpoint();
  }
  await seal.close();
  assert.equal(seal.shed, 0);

  let read = 0;
  const seen = new Set<string>();
  for await (const records of readRecords(join(state, 'log'), 0, Number.MAX_SAFE_INTEGER))
    for (const { leaf } of records) {
      const { eventName = '', attributes = [] } = spoor.otlp.LogRecord.decode(leaf);
      const place = `record ${read}, ${eventName}`;
      for (const { key = '', value } of attributes ?? []) {
        assert.ok(allowed.get(eventName ?? '')?.has(key ?? ''), `${place}: ${key} is not registered for it`);
        const type = registry.attributes[key ?? '']?.type ?? '';
        assert.ok(Object.hasOwn(value ?? {}, MEMBERS[type] ?? ''), `${place}: ${key} is no ${type}`);
        seen.add(key ?? '');
      }
      read++;
    }
  assert.ok(read > RECORDS);
  const never = Object.keys(registry.attributes).filter(
    (name) => !seen.has(name) && [...allowed.values()].some((names) => names.has(name)),
  );
  assert.deepEqual(never, [], 'every attribute that an event may carry was tried');
});
