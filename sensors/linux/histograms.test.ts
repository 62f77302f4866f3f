import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { needsSensor, ofKind, SESSION, watch } from '../../test/programs/session.ts';
import type { SensorEvent } from '../event.ts';
import { openLinuxSensor } from './sensor.ts';

interface Repeated {
  readonly call: string;
  readonly count: number;
}

test(
  'at the end of a session its histogram counts each call of a process, its child and its thread',
  needsSensor,
  async (t) => {
    const { truth, events } = await watch<Repeated>(t, 'repeat', ['4321']);
    const histograms = ofKind(events, 'syscall.histogram').filter(({ session }) => session === SESSION);
    assert.equal(histograms.length, 1);
    const counts = new Map(histograms[0]?.counts.map(({ call, count }) => [call, count]));
    assert.equal(counts.get(truth.call), BigInt(truth.count));
  },
);

/** Rows of the kernel's counters that sessions are given (bpf/records.h, HISTOGRAM_SESSIONS less nobody's). */
const COUNTED_SESSIONS = 63;

test('a session for whose histogram there is no room is a gap, told once', needsSensor, async (t) => {
  const events: SensorEvent[] = [];
  const sensor = openLinuxSensor();
  t.after(() => sensor.stop());
  sensor.start((batch) => {
    for (const event of batch) events.push(event);
  });
  const child = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const gaps = async () => {
    await sensor.flush();
    return ofKind(events, 'sensor.gap')
      .filter(({ lost }) => lost === 'syscall.histogram')
      .map(({ count, cause }) => [count, cause]);
  };
  for (let session = 1; session <= COUNTED_SESSIONS; session++) sensor.tag(child.pid as number, session);
  assert.deepEqual(await gaps(), []);
  sensor.tag(child.pid as number, COUNTED_SESSIONS + 1);
  sensor.tag(child.pid as number, COUNTED_SESSIONS + 1);
  assert.deepEqual(await gaps(), [[1n, 'unreadable']]);
});
