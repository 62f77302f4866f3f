import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { lostOf, needsSensor, ofKind } from '../../test/programs/session.ts';
import type { SensorEvent } from '../event.ts';
import { openLinuxSensor } from './sensor.ts';

const SESSION = 9;

test(
  'what is still in use is told each 30 s with what was added since, and the calls made, and nothing before',
  needsSensor,
  async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const events: SensorEvent[] = [];
    const sensor = openLinuxSensor();
    t.after(() => sensor.stop());
    sensor.start((batch) => {
      for (const event of batch) events.push(event);
    });
    // This process, so that its file is in use as long as the test wants.
    sensor.tag(process.pid, SESSION);
    const path = join(emptyFolder(t), 'long-lived');
    const file = openSync(path, 'w');
    t.after(() => closeSync(file));
    const sums = () =>
      ofKind(events, 'file.close')
        .filter((event) => event.path?.toString() === path)
        .map(({ bytesWritten, opens }) => [bytesWritten, opens]);
    const histograms = () => ofKind(events, 'syscall.histogram').filter(({ session }) => session === SESSION);

    writeSync(file, 'x'.repeat(1_000));
    t.mock.timers.tick(29_999);
    await sensor.flush();
    assert.deepEqual(sums(), []);
    assert.equal(histograms().length, 0);
    t.mock.timers.tick(1);
    await sensor.flush();
    assert.deepEqual(sums(), [[1_000n, 1]]);
    assert.equal(histograms().length, 1);
    writeSync(file, 'y');
    t.mock.timers.tick(30_000);
    await sensor.flush();
    assert.deepEqual(sums(), [
      [1_000n, 1],
      [1n, 0],
    ]);
    assert.equal(histograms().length, 2);
    assert.equal(lostOf(sensor, 'file.close'), 0n);
  },
);
