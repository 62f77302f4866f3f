/** What a service cannot work with: one clear answer each, and nothing already recorded is lost by it. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, emptyFolder } from '../at-end.ts';
import { MIB, smallTmpfs } from '../faults/small-disk.ts';
import { eventsIn, needsRoot, spoor } from '../system/spoor.ts';
import { keepIn } from './kept.ts';
import { startService } from './running.ts';

/** Longer than any step takes; a step that never comes fails the test by its own time-out. */
const LOOK_MS = 100;

function configurationIn(folder: string, text: string): string {
  const file = join(folder, 'spoor.yml');
  writeFileSync(file, `state: ${folder}/state\nruntime: ${folder}/run\nsensor: { keep: nowhere }\n${text}`, {
    mode: 0o644,
  });
  return file;
}

test(
  'a service with a wrong configuration does not begin: place, cause and mend, exit code 2',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const file = configurationIn(folder, 'log_levle: debug\n');
    const { code, stderr } = await spoor(['service', '--config', file]);
    assert.equal(code, 2);
    assert.equal(stderr, `spoor: ${file}:4:1: unknown key "log_levle"; did you mean "log_level"?\n`);
  },
);

test('a service with a broken overlay of the catalogue does not begin', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const overlay = join(folder, 'agents.yml');
  writeFileSync(overlay, 'agents:\n  acme: { name: Acme, comands: [acme] }\n');
  const file = configurationIn(folder, `recognise: { agents: ${overlay} }\n`);
  const { code, stderr } = await spoor(['service', '--config', file]);
  assert.equal(code, 2);
  assert.match(stderr, new RegExp(`^spoor: ${overlay}:2:\\d+: agents\\.acme: .*"comands".*"commands"`));
});

test('the state folder of a later version is left to it as it was, with the mend', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const service = await startService(t, { folder, configuration: 'sensor: { keep: nowhere }\n' });
  assert.equal(await service.stop(), 0);
  const marker = join(service.state, 'spoor.json');
  const later = readFileSync(marker, 'utf8').replace('"format":1', '"format":2');
  writeFileSync(marker, later);
  const { code, stderr } = await spoor(['service', '--config', service.configuration]);
  assert.equal(code, 2);
  assert.match(stderr, /says format 2, and this Spoor knows up to 1; use the newer Spoor that wrote it\n$/);
  assert.equal(readFileSync(marker, 'utf8'), later);
});

for (const [which, keepOf] of [
  ['', () => 'nowhere'],
  [' that keeps its watch', keepIn],
] as const)
  test(
    `a service${which} whose disk is full goes on, says so, and writes again when there is room; the log then verifies`,
    needsRoot,
    async (t) => {
      const disk = smallTmpfs(8 * MIB);
      atEnd(t, () => disk.remove());
      const service = await startService(t, {
        folder: disk.mount,
        configuration: `sensor: { keep: ${keepOf(t)} }\n`,
      });
      const status = async () => {
        const { stdout } = await spoor(['status', '--state', service.state, '--json']);
        return JSON.parse(stdout.toString()).log as { records: number; durable: number; trouble: string };
      };
      disk.fill();
      // Each session has a start and an end to be sealed, and the reserve of the log is small.
      const during: (number | null)[] = [];
      while ((await status()).trouble === '')
        during.push((await spoor(['run', '--state', service.state, '--', 'true'])).code);
      assert.match((await status()).trouble, /ENOSPC/);
      assert.deepEqual([...new Set(during)], during.length === 0 ? [] : [0], 'COMMAND notices nothing');
      disk.free();
      while ((await status()).trouble !== '') await pause(LOOK_MS);
      const after = await spoor(['run', '--state', service.state, '--', 'true']);
      assert.equal(after.code, 0);
      assert.equal(await service.stop(), 0);
      const verified = await spoor(['verify', '--state', service.state]);
      assert.equal(verified.code, 0, verified.stdout.toString());
      const ends = (await eventsIn(service.state)).filter(({ event_name }) => event_name === 'session.end');
      assert.ok(ends.length >= 1);
    },
  );

test(
  'a service whose disk is still full when it is stopped says so, and the next one reads on and spoils nothing',
  needsRoot,
  async (t) => {
    const disk = smallTmpfs(8 * MIB);
    atEnd(t, () => disk.remove());
    const how = { folder: disk.mount, configuration: `sensor: { keep: ${keepIn(t)} }\n` };
    const first = await startService(t, how);
    disk.fill();
    assert.equal((await spoor(['run', '--state', first.state, '--', 'true'])).code, 0);
    // The log could not be closed: its exit code says it, its watch goes on.
    assert.equal(await first.stop(), 3);
    disk.free();
    const second = await startService(t, how);
    assert.equal((await second.says('watching')).watch_before, 'same');
    assert.equal(await second.stop(), 0);
    // A file that there was no room for has not taken the place of a good one.
    assert.deepEqual(
      second.said.filter(({ level }) => level === 'warn' || level === 'error'),
      [],
    );
    assert.equal((await spoor(['verify', '--state', second.state])).code, 0);
  },
);
