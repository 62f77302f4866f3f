import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUidSource } from './uid.ts';

test('a uid is 26 digits of base 32 whose first ten are its time', () => {
  const uid = createUidSource()(1469918176385);
  assert.match(uid, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  assert.equal(uid.slice(0, 10), '01ARYZ6S41'); // the time of the example in the ULID specification
});

test('uids of the same and of later milliseconds sort in the order they were made, none twice', () => {
  const newUid = createUidSource();
  const made = Array.from({ length: 5000 }, (_, index) =>
    newUid(1_700_000_000_000 + Math.floor(index / 2000)),
  );
  assert.deepEqual([...made].sort(), made);
  assert.equal(new Set(made).size, made.length);
});

test('a clock that goes back does not bring a uid back', () => {
  const newUid = createUidSource();
  const first = newUid(1_700_000_000_000);
  newUid(1_700_000_000_001);
  assert.notEqual(newUid(1_700_000_000_000), first);
});

test('two sources share no uid at the same time', () => {
  assert.notEqual(createUidSource()(1).slice(10, 18), createUidSource()(1).slice(10, 18));
});
