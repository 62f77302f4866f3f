import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ATTRIBUTES, type AttributeName, EVENTS } from '../../schemas/generated/registry.ts';
import type { Attributes, Event, EventName } from '../event.ts';
import { encodeLeaf } from './encode.ts';
import { beginFilling, quickEncode } from './quick-encode.ts';

const names = Object.keys(EVENTS) as EventName[];
/** Few values, so that neighbours often say the same; and those at which lengths and characters change. */
const texts = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('', 'a', 'cat', '/usr/bin/cat', 'x'.repeat(64), 'y'.repeat(65)) },
  { weight: 3, arbitrary: fc.constantFrom('ü', 'a\ud800', 'é'.repeat(90), 'z'.repeat(200)) },
  { weight: 1, arbitrary: fc.constant('w'.repeat(20_000)) },
);
const ints = fc.constantFrom<number | bigint>(
  0,
  1,
  127,
  128,
  -1,
  2 ** 31,
  2 ** 53 - 1,
  2n ** 62n,
  -(2n ** 63n),
  5n,
);

function anyValueOf(name: AttributeName): fc.Arbitrary<unknown> {
  switch (ATTRIBUTES[name].type) {
    case 'string':
      return texts;
    case 'int':
      return ints;
    case 'double':
      return fc.constantFrom(0, 1.5);
    case 'boolean':
      return fc.boolean();
    case 'string[]':
      return fc.array(texts, { maxLength: 3 });
    case 'int[]':
      return fc.array(fc.maxSafeInteger(), { maxLength: 3 });
    case 'bytes':
      return fc.uint8Array({ maxLength: 20 });
  }
}

function eventsOf(name: EventName): fc.Arbitrary<Event> {
  const given = EVENTS[name].attributes.filter(
    (key) => key !== 'log.record.uid' && key !== 'spoor.log.index',
  );
  return fc.record({
    name: fc.constant(name),
    uid: fc.constantFrom('01K9ZQ4Y7GAAAAAAAAAAAAAAAA', '01K9ZQ4Y7GBBBBBBBBBBBBBBBB'),
    timeNs: fc.constantFrom(0n, 1n, (1n << 64n) - 1n),
    severity: fc.integer({ min: 0, max: 24 }),
    traceId: fc.constantFrom('', '0af7651916cd43dd8448eb211c80319c'),
    spanId: fc.constantFrom('', 'b7ad6b7169203331'),
    attributes: fc.record(Object.fromEntries(given.map((key) => [key, anyValueOf(key)])), {
      requiredKeys: [],
    }) as fc.Arbitrary<Attributes>,
    seen: fc.constant(undefined),
  });
}

/** Of two kinds in turns, as a stream has them. */
const streams = fc
  .tuple(fc.constantFrom(...names), fc.constantFrom(...names))
  .chain(([one, other]) =>
    fc.array(fc.oneof(eventsOf(one), eventsOf(other)), { minLength: 2, maxLength: 12 }),
  );

test('a stream of events encoded in one pass has the bytes of the encoder that measures, or is left to it', () => {
  let quick = 0;
  let all = 0;
  fc.assert(
    fc.property(streams, fc.nat({ max: 3 }), (stream, everySo) => {
      const memory = Buffer.alloc(1024 * 1024, 0xee);
      let at = 0;
      beginFilling();
      stream.forEach((event, index) => {
        if (everySo > 0 && index % (everySo + 1) === 0) {
          at = 0;
          beginFilling();
        }
        const end = quickEncode(event, index, 7n, memory, at, memory.length);
        all++;
        if (end < 0) return;
        quick++;
        assert.deepEqual(Buffer.from(memory.subarray(at, end)), encodeLeaf(event, index, 7n));
        at = end;
      });
    }),
    { numRuns: 3_000 },
  );
  assert.ok(quick > all / 3, `only ${quick} of ${all} were encoded in one pass`);
});

function open(attributes: Attributes): Event {
  return {
    name: 'file.open',
    uid: '01K9ZQ4Y7GAAAAAAAAAAAAAAAA',
    timeNs: 1n,
    severity: 9,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}

test('nothing is written past the limit, and what does not fit is given up', () => {
  for (const event of [
    open({ 'file.path': 'p'.repeat(700) }),
    open({ 'spoor.file.flags': ['f'.repeat(700)] }),
  ]) {
    const size = encodeLeaf(event, 0, 1n).length;
    for (let limit = 0; limit < size + 300; limit++) {
      const memory = Buffer.alloc(4096, 0xee);
      beginFilling();
      const end = quickEncode(event, 0, 1n, memory, 0, limit);
      assert.ok(end <= limit);
      assert.ok(
        memory.subarray(limit).every((byte) => byte === 0xee),
        `written past ${limit}`,
      );
    }
  }
});

test('what the registry does not allow is left to the encoder that says why', () => {
  const memory = Buffer.alloc(4096);
  const strange = [
    { 'dns.question.name': 'x' },
    { 'file.path': 7 },
    { 'file.size': 1.5 },
    { 'file.size': 2n ** 63n },
    { 'spoor.file.created': 'yes' },
    { 'spoor.file.flags': ['a', 1] },
    { 'spoor.log.index': 3 },
    { 'log.record.uid': 'x' },
  ] as unknown as Attributes[];
  for (const attributes of strange) {
    assert.equal(quickEncode(open(attributes), 0, 1n, memory, 0, memory.length), -1);
    assert.throws(() => encodeLeaf(open(attributes), 0, 1n), { name: 'EncodeError' });
  }
  const noId = { ...open({}), traceId: 'XAF7651916cd43dd8448eb211c80319c' };
  assert.equal(quickEncode(noId, 0, 1n, memory, 0, memory.length), -1);
});
