/** A sensor that looks out for suspects, and a program that is one. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ProcessExec, SensorEvent } from '../../sensors/event.ts';
import { openLinuxSensor } from '../../sensors/linux/sensor.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import { atEnd } from '../at-end.ts';

export const WORD = 'spoor-suspect';

interface Looking {
  readonly sensor: Sensor;
  readonly events: SensorEvent[];
}

/** A sensor that looks out for WORD, and what judges an exec while the ring is read (undefined: nobody does yet). */
export function lookOut(
  t: TestContext,
  judge: (exec: ProcessExec, sensor: Sensor) => void = () => {},
  words: readonly string[] = [WORD],
): Looking {
  const sensor = openLinuxSensor();
  atEnd(t, () => sensor.stop());
  const events: SensorEvent[] = [];
  sensor.suspect(words);
  sensor.start((batch) => {
    for (const event of batch) {
      events.push(event);
      if (event.kind === 'process.exec' && event.session !== event.around) judge(event, sensor);
    }
  });
  return { sensor, events };
}

/** Runs a program to its end, all of what it did handed over. */
export async function ran(sensor: Sensor, file: string, args: readonly string[]): Promise<number> {
  const child = spawn(file, args, { stdio: 'ignore' });
  const code = await new Promise((done) => child.on('exit', done));
  assert.equal(code, 0);
  await sensor.flush();
  return child.pid as number;
}

/** The shell of this host under a name that holds the word, and a file for each test to look for. */
export function suspectShell(folder: string): string {
  const shell = join(folder, WORD);
  copyFileSync('/bin/dash', shell);
  return shell;
}
