/** Runs one of the programs here as a session of the Linux sensor, and gives what was seen beside what was true. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import type { SensorEvent } from '../../sensors/event.ts';
import { launcherPath } from '../../sensors/linux/native.ts';
import { type LinuxSensorOptions, openLinuxSensor } from '../../sensors/linux/sensor.ts';
import { type Sensor, SensorError } from '../../sensors/sensor.ts';
import { atEnd } from '../at-end.ts';

export const PROGRAMS = resolve(import.meta.dirname, '../../../build/programs');
export const SESSION = 7;

/** For a test's options: runs it, or says why this host cannot. */
export const needsSensor: { skip?: string } = (() => {
  try {
    openLinuxSensor().stop();
    return {};
  } catch (error) {
    if (error instanceof SensorError) return { skip: error.message };
    throw error;
  }
})();

export interface Watched<Truth> {
  readonly rootPid: number;
  /** What the program printed. */
  readonly truth: Truth;
  /** Everything the sensor reported, of other processes too, in its order. */
  readonly events: readonly SensorEvent[];
  readonly ofSession: readonly SensorEvent[];
  readonly sensor: Sensor;
}

export interface WatchOptions extends LinuxSensorOptions {
  /** Done while the session runs, after its root was tagged and before its first instruction. */
  readonly meanwhile?: () => void;
  /** A sensor around the sensor, such as one that records. */
  readonly wrap?: (sensor: Sensor) => Sensor;
  /** The receiver takes its first batch of the session and does not return before the program has ended. */
  readonly deafReceiver?: boolean;
  /** The receiver takes its first batch of the session and does not return before this is so. */
  readonly slowUntil?: () => boolean;
}

/** Returns when the program has ended and everything seen until then was handed over. The sensor runs on. */
export async function watch<Truth>(
  t: TestContext,
  program: string,
  args: readonly string[] = [],
  options: WatchOptions = {},
): Promise<Watched<Truth>> {
  const opened = openLinuxSensor(options);
  const sensor = options.wrap?.(opened) ?? opened;
  atEnd(t, () => sensor.stop());
  const events: SensorEvent[] = [];
  let deafUntil: (() => boolean) | undefined;
  sensor.start((batch) => {
    for (const event of batch) events.push(event);
    if (deafUntil && batch.some((event) => event.kind === 'process.exec' && event.session === SESSION)) {
      while (!deafUntil());
      deafUntil = undefined;
    }
  });
  const child = spawn(launcherPath(), ['3', join(PROGRAMS, program), ...args], {
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const rootPid = child.pid;
  if (rootPid === undefined) throw new Error(`${launcherPath()} did not start`);
  let printed = '';
  (child.stdout as Readable).on('data', (chunk) => {
    printed += chunk;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const gate = child.stdio[3] as Socket;
  await new Promise<void>((waits) => gate.once('data', () => waits()));
  sensor.tag(rootPid, SESSION);
  deafUntil = options.deafReceiver ? () => isZombie(rootPid) : options.slowUntil;
  options.meanwhile?.();
  gate.end('x');
  const code = await ended;
  if (code !== 0) throw new Error(`${program} ended with ${code}: its preparation failed`);
  await sensor.flush();
  return {
    rootPid,
    truth: JSON.parse(printed),
    events,
    ofSession: events.filter((event) => event.kind !== 'sensor.gap' && event.session === SESSION),
    sensor,
  };
}

/** Ended, and not yet waited for: Node does that in the event loop, which a deaf receiver holds up. */
function isZombie(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

export function ofKind<Kind extends SensorEvent['kind']>(events: readonly SensorEvent[], kind: Kind) {
  return events.filter((event): event is Extract<SensorEvent, { kind: Kind }> => event.kind === kind);
}

/** Events of these kinds that the kernel counted as lost. An absent event proves nothing where this is not 0. */
export function lostOf(sensor: Sensor, ...kinds: string[]): bigint {
  return sensor
    .counts()
    .filter(({ kind }) => kinds.length === 0 || kinds.includes(kind))
    .reduce((sum, { lost }) => sum + lost, 0n);
}
