import assert from 'node:assert/strict';
import test from 'node:test';
import type { Checkpoint } from './checkpoint.ts';
import { Keyring } from './keyring.ts';
import { formatVkey, verifierKey } from './note.ts';

test('a key that was replaced names no further successor', () => {
  const [first, second, foreign] = [1, 2, 3].map((n) => verifierKey('spoor/h/1', Buffer.alloc(32, n)));
  assert.ok(first && second && foreign);
  const naming = (number: number, nextKey: string): Checkpoint => ({
    origin: 'spoor/h/1',
    size: number,
    root: Buffer.alloc(32),
    first: 0,
    number,
    time: '2026-11-29T00:00:00.000000000Z',
    previous: undefined,
    lost: 0n,
    state: 'open',
    nextKey,
  });
  const keyring = new Keyring([first]);
  keyring.follow(naming(3, formatVkey(second)), first);
  keyring.follow(naming(5, formatVkey(foreign)), first);
  assert.deepEqual(keyring.ids, [first.keyId, second.keyId]);
  assert.equal(keyring.replacedBefore(first, 4), 3);
});
