import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningProcess } from '../../sensors/sensor.ts';
import type { Session } from '../session/session.ts';
import { createWhoAsks } from './who-asks.ts';

function running(pid: number, session: number, around: number): RunningProcess {
  return { process: { pid, startNs: 1n }, session, around } as RunningProcess;
}

test('all who came before a look are answered by it; who comes during it waits for one more, after a rest', async () => {
  const looks: string[] = [];
  let processes = [running(7, 0, 0)];
  let flushed: (() => void)[] = [];
  let rested = () => {};
  const whoAsks = createWhoAsks({
    sensor: {
      flush() {
        looks.push('flush');
        return new Promise((resolve) => flushed.push(resolve));
      },
      running() {
        looks.push('running');
        return processes;
      },
    },
    pipeline: { sessionOf: (tag) => (tag === 5 ? ({ id: 'five' } as Session) : undefined) },
    rest: () =>
      new Promise((resolve) => {
        rested = resolve;
      }),
  });
  const turns = () => new Promise((resolve) => setImmediate(resolve));
  const first = [whoAsks(7), whoAsks(8), whoAsks(7)];
  await turns();
  // It becomes an agent, and asks, while the first look is under way.
  const late = whoAsks(7);
  for (const done of flushed.splice(0)) done();
  assert.deepEqual(await Promise.all(first), [undefined, 'that has ended', undefined]);
  await turns();
  assert.deepEqual(looks, ['flush', 'running']);
  processes = [running(7, 2 ** 31, 5)];
  rested();
  await turns();
  for (const done of flushed.splice(0)) done();
  assert.equal(await late, 'five');
  assert.deepEqual(looks, ['flush', 'running', 'flush', 'running']);
  flushed = [];
});

test('a look that fails is told to who waited for it, and the next is taken all the same', async () => {
  let isBroken = true;
  const whoAsks = createWhoAsks({
    sensor: {
      flush: () => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve()),
      running: () => [running(7, 5, 0)],
    },
    pipeline: { sessionOf: () => ({ id: 'five' }) as Session },
    rest: () => Promise.resolve(),
  });
  await assert.rejects(whoAsks(7), /broken/);
  isBroken = false;
  assert.equal(await whoAsks(7), 'five');
});
