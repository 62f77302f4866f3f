import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import fc from 'fast-check';
import { spoor } from '../../schemas/generated/otlp.js';
import { ATTRIBUTES, type AttributeName, EVENTS } from '../../schemas/generated/registry.ts';
import type { Attributes, Event, EventName } from '../event.ts';
import { decodeLeaf } from '../log/record.ts';
import { EncodeError, encodeLeaf, LeafEncoder } from './encode.ts';
import { fitEvent, MAX_ENTRY_BYTES } from './fit.ts';

const names = Object.keys(EVENTS) as EventName[];
const int64 = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  fc.constantFrom<number | bigint>(
    0,
    -1,
    127,
    128,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    2n ** 53n,
    2n ** 63n - 1n,
    -(2n ** 63n),
  ),
);
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.string({ maxLength: 300 }));

function anyValueOf(name: AttributeName): fc.Arbitrary<unknown> {
  switch (ATTRIBUTES[name].type) {
    case 'string':
      return text;
    case 'int':
      return int64;
    case 'double':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'string[]':
      return fc.array(text, { maxLength: 6 });
    case 'int[]':
      return fc.array(fc.maxSafeInteger(), { maxLength: 6 });
    case 'bytes':
      return fc.uint8Array({ maxLength: 200 });
  }
}

const events: fc.Arbitrary<Event> = fc.constantFrom(...names).chain((name) => {
  const given = EVENTS[name].attributes.filter(
    (key) => key !== 'log.record.uid' && key !== 'spoor.log.index',
  );
  return fc.record({
    name: fc.constant(name),
    uid: fc.string({ minLength: 26, maxLength: 26 }),
    timeNs: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    severity: fc.integer({ min: 0, max: 24 }),
    traceId: fc.constantFrom('', '0af7651916cd43dd8448eb211c80319c'),
    spanId: fc.constantFrom('', 'b7ad6b7169203331'),
    attributes: fc.record(Object.fromEntries(given.map((key) => [key, anyValueOf(key)])), {
      requiredKeys: [],
    }) as fc.Arbitrary<Attributes>,
    seen: fc.constant(undefined),
  });
});

function event(name: EventName, attributes: Attributes, severity = 9): Event {
  const uid = '01K9ZQ4Y7GAAAAAAAAAAAAAAAA';
  return { name, uid, timeNs: 1n, severity, traceId: '', spanId: '', attributes, seen: undefined };
}

test('the bytes of any registered event are those protobufjs writes for what it reads from them', () => {
  fc.assert(
    fc.property(events, fc.nat(), (generated, index) => {
      const leaf = encodeLeaf(generated, index, 5n);
      const again = spoor.otlp.LogRecord.encode(spoor.otlp.LogRecord.decode(leaf)).finish();
      assert.deepEqual(Buffer.from(again), leaf);
    }),
    { numRuns: 400 },
  );
});

test('what is decoded from a leaf is what the event said', () => {
  fc.assert(
    fc.property(events, fc.nat(), (generated, index) => {
      const record = decodeLeaf(encodeLeaf(generated, index, 5n));
      assert.equal(record.eventName, generated.name);
      assert.equal(record.timeNs, generated.timeNs);
      assert.equal(record.observedNs, 5n);
      assert.equal(record.severity, generated.severity);
      assert.equal(record.traceId, generated.traceId);
      assert.equal(record.spanId, generated.spanId);
      const { 'log.record.uid': uid, 'spoor.log.index': at, ...said } = record.attributes;
      assert.equal(uid, generated.uid);
      if (EVENTS[generated.name].attributes.includes('spoor.log.index')) assert.equal(at, index);
      const expected = Object.fromEntries(
        Object.entries(generated.attributes).map(([key, value]) => [key, asRead(value)]),
      );
      assert.deepEqual(said, expected);
    }),
    { numRuns: 400 },
  );
});

/** Bytes come back as a Buffer, and an int is a bigint only where a number would not do. */
function asRead(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'bigint') return value;
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

test('protoc reads a leaf as the LogRecord that was meant', () => {
  const leaf = encodeLeaf(
    {
      ...event('file.open', { 'file.path': '/tmp/ä', 'file.size': 2n ** 40n, 'spoor.cut': ['a', ''] }),
      timeNs: 7n,
    },
    3,
    9n,
  );
  const decoded = execFileSync('protoc', ['--decode=spoor.otlp.LogRecord', 'schemas/otlp.proto'], {
    input: leaf,
    encoding: 'utf8',
  });
  assert.equal(
    decoded.replace(/\s+/g, ' '),
    'time_unix_nano: 7 severity_number: 9 severity_text: "INFO" ' +
      'attributes { key: "file.path" value { string_value: "/tmp/\\303\\244" } } ' +
      'attributes { key: "file.size" value { int_value: 1099511627776 } } ' +
      'attributes { key: "log.record.uid" value { string_value: "01K9ZQ4Y7GAAAAAAAAAAAAAAAA" } } ' +
      'attributes { key: "spoor.cut" value { array_value { values { string_value: "a" } values { string_value: "" } } } } ' +
      'attributes { key: "spoor.log.index" value { int_value: 3 } } ' +
      'observed_time_unix_nano: 9 event_name: "file.open" ',
  );
});

test('an attribute that is not registered for the event is refused by name', () => {
  const attributes = { 'file.path': '/x', 'dns.question.name': 'example.org' } as Attributes;
  assert.throws(() => encodeLeaf(event('process.exit', attributes), 0, 0n), {
    name: 'EncodeError',
    message: /^process\.exit: file\.path, dns\.question\.name is not registered for this event/,
  });
});

test('an attribute of the wrong type is refused by name', () => {
  const wrong: [Attributes, RegExp][] = [
    [{ 'process.pid': '1' } as unknown as Attributes, /process\.pid is a string, not an integer/],
    [{ 'process.pid': 1.5 }, /process\.pid is 1\.5, not a whole number/],
    [{ 'process.pid': 2n ** 63n }, /process\.pid is 9223372036854775808, which has no int64/],
    [{ 'process.user.name': 1 } as unknown as Attributes, /process\.user\.name is a number, not a string/],
    [{ 'process.user.name': null } as unknown as Attributes, /process\.user\.name is null, not a string/],
    [{ 'spoor.log.index': 1 }, /spoor\.log\.index is given when the record is sealed/],
  ];
  for (const [attributes, message] of wrong)
    assert.throws(() => encodeLeaf(event('process.exit', attributes), 0, 0n), {
      name: 'EncodeError',
      message,
    });
  assert.throws(() => encodeLeaf({ ...event('process.exit', {}), traceId: 'XY' }, 0, 0n), EncodeError);
});

test('a record of more than 65535 bytes loses the end of its longest attributes, and says which', () => {
  const long = event('process.exec', {
    'process.command_args': ['sh', '-c', 'ä'.repeat(40_000), 'tail'],
    'process.working_directory': `/${'d'.repeat(70_000)}`,
    'process.pid': 7,
  });
  const encoder = new LeafEncoder();
  const fitted = fitEvent(encoder, long, 0, 0n);
  const leaf = encodeLeaf(fitted, 0, 0n);
  const { attributes } = decodeLeaf(leaf);
  assert.ok(leaf.length <= MAX_ENTRY_BYTES);
  assert.ok(leaf.length > MAX_ENTRY_BYTES - 1_000, `only ${leaf.length} bytes were kept`);
  assert.deepEqual([...(attributes['spoor.cut'] as string[])].sort(), [
    'process.command_args',
    'process.working_directory',
  ]);
  assert.match((attributes['process.command_args'] as string[])[2] ?? '', /^ä+$/);
  assert.equal(attributes['process.pid'], 7);
});

test('a record of exactly 65535 bytes is not cut', () => {
  const around = event('process.exec', { 'process.working_directory': 'd'.repeat(65_000) });
  const over = MAX_ENTRY_BYTES - encodeLeaf(around, 0, 0n).length;
  const exact = event('process.exec', { 'process.working_directory': 'd'.repeat(65_000 + over) });
  assert.equal(encodeLeaf(exact, 0, 0n).length, MAX_ENTRY_BYTES);
  assert.equal(fitEvent(new LeafEncoder(), exact, 0, 0n), exact);
});
