/** The watched calls of the list, made by a script that says what each returned; and the same, made outside. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { eventsIn, needsRoot, run, spoor } from './spoor.ts';

const PYTHON = '/usr/bin/python3';
const CALLS = join(CHECKOUT, 'test/system/calls.py');

interface Made {
  readonly pid: number;
  /** Ran a program that lay in memory only. */
  readonly started: number;
  /** Name of its errno by call; empty: it succeeded. */
  readonly calls: Readonly<Record<string, string>>;
}

test('each watched call is one event with its outcome, and none of those made outside a session is told', {
  ...needsRoot,
}, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const begun = join(folder, 'begun');
  const go = join(folder, 'go');
  execFileSync('mkfifo', [begun, go]);
  const outside = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  atEnd(t, () => outside.kill('SIGKILL'));

  const session = spoor(['run', '--state', state, '--', PYTHON, CALLS, String(outside.pid), begun, go]);
  await readFile(begun);
  const beside = await run(PYTHON, [CALLS, String(outside.pid)]);
  await writeFile(go, '');
  const { stdout, stderr, code } = await session;
  assert.equal(code, 0, stderr);
  assert.equal(beside.code, 0, beside.stderr);
  const made = JSON.parse(stdout.toString('utf8')) as Made;
  const apart = JSON.parse(beside.stdout.toString('utf8')) as Made;

  const events = await eventsIn(state);
  assert.deepEqual(
    events.filter(({ event_name }) => event_name === 'sensor.gap'),
    [],
    'an absent event proves nothing when any was lost',
  );
  const told = Object.keys(made.calls).map((call) => [
    call,
    events
      .filter(
        ({ attributes }) =>
          attributes['process.pid'] === made.pid && attributes['spoor.syscall.name'] === call,
      )
      .map(({ attributes }) => [attributes['event.outcome'], attributes['error.type']]),
  ]);
  const truth = Object.entries(made.calls).map(([call, error]) => [
    call,
    [error === '' ? ['success', undefined] : ['failure', error]],
  ]);
  assert.deepEqual(told, truth);
  const inMemory = events.filter(
    ({ event_name, attributes }) =>
      event_name === 'process.exec' && attributes['process.pid'] === made.started,
  );
  assert.deepEqual(
    inMemory.map(({ attributes }) => attributes['spoor.executable.in_memory']),
    [true],
  );
  const ofOutside = events.filter(({ attributes }) =>
    [apart.pid, apart.started].includes(attributes['process.pid']),
  );
  assert.deepEqual(ofOutside, []);
});
