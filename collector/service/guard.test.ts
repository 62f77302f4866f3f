import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Guarded, type Sensor, SensorError } from '../../sensors/sensor.ts';
import { type GuardNeeds, guardOurselves } from './guard.ts';

interface Asked {
  readonly answer: string;
  readonly warned: readonly string[];
  readonly guarded: Guarded | undefined;
  readonly folder: string;
}

/** A state folder to which one link leads, in a folder to which another does. */
function ask(t: TestContext, fails?: Error): Asked {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'real/state/key'), { recursive: true });
  symlinkSync('real', join(folder, 'way'));
  symlinkSync('state', join(folder, 'real/link'));
  let guarded: Guarded | undefined;
  const warned: string[] = [];
  const sensor = {
    running: () => [{ process: { pid: process.pid, startNs: 1n } }],
    guard: (what: Guarded) => {
      if (fails) throw fails;
      guarded = what;
      return [];
    },
  } as unknown as Sensor;
  const answer = guardOurselves({
    sensor,
    configuration: { protect: 'refuse', state: join(folder, 'way/link') },
    places: {},
    log: { warn: (_: object, message: string) => warned.push(message) } as unknown as GuardNeeds['log'],
  });
  return { answer, warned, guarded, folder };
}

test('of a place to which links lead, the links are guarded as well as the place', (t) => {
  const { answer, guarded, folder } = ask(t);
  assert.equal(answer, 'refused');
  const as = (path: string) => {
    const inode = lstatSync(join(folder, path), { bigint: true }).ino;
    return guarded?.files.filter((file) => file.inode === inode).map((file) => file.as);
  };
  assert.deepEqual(as('real/link'), ['inside']);
  assert.deepEqual(as('real/state'), ['inside']);
  assert.deepEqual(as('way'), ['above']);
  assert.deepEqual(as('real'), ['above']);
  assert.ok(as('real/state/key')?.includes('secret'));
});

test('a kernel that takes no more of what is to be guarded is warned of, and does not end the service', (t) => {
  const { answer, warned } = ask(t, new SensorError('guarding a file: Argument list too long'));
  assert.equal(answer, 'reported');
  assert.deepEqual(warned, ['acts on this service are reported and not refused']);
});
