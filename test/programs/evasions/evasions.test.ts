// Each program inside a session of the real sensor. The table says what is seen of it on this tier, event by event;
// a state that is better than recorded fails as well as one that is worse, so that the table stays true.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { SensorEvent } from '../../../sensors/event.ts';
import { launcherPath } from '../../../sensors/linux/native.ts';
import { openLinuxSensor } from '../../../sensors/linux/sensor.ts';
import type { Sensor } from '../../../sensors/sensor.ts';
import { needsSensor } from '../session.ts';
import { explain, type State, statesOf, type Tier } from './compare.ts';
import { startOutside } from './outside.ts';
import { renderPage } from './page.ts';
import { type Evasion, PROJECT, readTable } from './table.ts';
import { readTold, type Told } from './told.ts';

interface Run {
  readonly told: Told;
  readonly events: readonly SensorEvent[];
}

let sensor: Sensor;
let tier: Tier;
let events: SensorEvent[] = [];
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'spoor-evasions-')));
chmodSync(folder, 0o755); // some programs go on as another user
const outside = await startOutside(folder);
const measured: Record<string, Record<string, State> | string> = {};

if (!needsSensor.skip) {
  sensor = openLinuxSensor();
  tier = sensor.facts.tier as Tier;
  sensor.start((batch) => {
    for (const event of batch) events.push(event);
  });
}

after(async () => {
  outside.stop();
  await sensor?.stop();
  // node:fs works by whole paths, and one of these is longer than PATH_MAX.
  await new Promise((done) => spawn('rm', ['-rf', folder]).on('close', done));
  const out = process.env.SPOOR_OUT;
  if (out) writeFileSync(join(out, `evasions-${tier}.json`), JSON.stringify(measured, null, 2));
});

/** Runs the program as the root of session `tag`; returns when all that was seen of it was handed over. */
async function runWatched(evasion: Evasion, tag: number): Promise<Run> {
  const scratch = join(folder, evasion.id);
  mkdirSync(scratch);
  events = [];
  const child = spawn(launcherPath(), ['3', evasion.program, scratch, ...outside.args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let printed = '';
  let complained = '';
  for (const [stream, keep] of [
    [child.stdout, (text: string) => (printed += text)],
    [child.stderr, (text: string) => (complained += text)],
  ] as const) {
    (stream as Readable).setEncoding('latin1').on('data', keep);
  }
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const gate = child.stdio[3] as Socket;
  await new Promise<void>((waits) => gate.once('data', () => waits()));
  sensor.tag(child.pid as number, tag);
  gate.end('x');
  assert.equal(await ended, 0, complained);
  await sensor.flush();
  const gaps = events.filter((event) => event.kind === 'sensor.gap');
  assert.deepEqual(gaps, [], 'an absent event proves nothing when any was lost');
  return {
    told: readTold(printed),
    events: events.filter((event) => 'session' in event && event.session === tag),
  };
}

test('docs/evasions.md says what the table says', () => {
  assert.equal(readFileSync(join(PROJECT, 'docs/evasions.md'), 'utf8'), renderPage(readTable()));
});

for (const [i, evasion] of readTable().entries()) {
  test(`${evasion.id}: ${evasion.does}`, needsSensor, async (t) => {
    const { told, events } = await runWatched(evasion, i + 1);
    const recorded = evasion.recorded[tier];
    if (told.notPossible !== undefined) {
      measured[evasion.id] = told.notPossible;
      t.diagnostic(`not possible here: ${told.notPossible}`);
      return;
    }
    const states = Object.fromEntries(statesOf(told.did, events));
    measured[evasion.id] = states;
    const expected = Object.fromEntries([...recorded].map(([event, { state }]) => [event, state]));
    if (!isDeepStrictEqual(states, expected)) {
      assert.fail(
        `tier ${tier} gives ${show(states)}; the table says ${show(expected)}\n${explain(told.did, events)}`,
      );
    }
  });
}

function show(value: unknown): string {
  return JSON.stringify(value).replaceAll('"', '');
}
