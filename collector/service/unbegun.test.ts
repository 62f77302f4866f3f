import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionTag } from '../../sensors/event.ts';
import type { RunningProcess } from '../../sensors/sensor.ts';
import type { Session } from '../session/session.ts';
import { createUnbegun } from './unbegun.ts';

test('a plan is taken back when its asker and its launcher are gone, and not before', async () => {
  let living: SessionTag[] = [1, 2];
  const unplanned: SessionTag[] = [];
  const left = createUnbegun({
    sensor: {
      flush: () => Promise.resolve(),
      running: () => living.map((session) => ({ session, around: 0 }) as RunningProcess),
    },
    pipeline: {
      sessionOf: (tag) => (tag === 2 ? ({ id: 'two' } as Session) : undefined),
      unplan: (tag) => void unplanned.push(tag),
    },
  });
  await left(1); // its launcher still waits
  await left(2); // it has begun
  assert.deepEqual(unplanned, []);
  living = [];
  await left(3); // ended at once; by now 1's launcher has ended too
  assert.deepEqual(unplanned, [1, 3]);
});
