/** What a watched session does so much of that the service loses events: a finding each, and the log says what is lost. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, emptyFolder } from '../at-end.ts';
import { MIB, smallTmpfs } from '../faults/small-disk.ts';
import { eventsIn, needsRoot, spoor } from '../system/spoor.ts';
import { startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

/** A log that never writes again fails the test by its own time-out. */
const LOOK_MS = 100;

test(
  'a session that floods the sensor until records are lost is found by their number, and the log states each',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, {
      folder,
      configuration: 'sensor: { keep: nowhere, ring: 256 KiB }\n',
    });
    const flood = join(folder, 'flood.py');
    writeFileSync(
      flood,
      `import os
n = 0
while n < 400000:
    n += 1
    try:
        os.close(os.open("${folder}/none-%d" % n, os.O_RDONLY))
    except FileNotFoundError:
        pass
`,
    );
    const { code, stderr } = await spoor(['run', '--state', service.state, '--', 'python3', flood]);
    assert.equal(code, 0, stderr);
    assert.equal(await service.stop(), 0);
    const events = await eventsIn(service.state);
    const lost = events
      .filter(({ event_name }) => event_name === 'sensor.gap')
      .reduce((sum, { attributes }) => sum + Number(attributes['spoor.gap.count']), 0);
    assert.ok(lost >= 10_000, `${lost} lost`);
    const found = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'finding' && attributes['security_rule.name'] === 'The sensor was flooded',
    );
    assert.ok(found.length >= 1);
    assert.equal((await spoor(['verify', '--state', service.state])).code, 0);
  },
);

test(
  'a session that fills the disk of the log and goes on is found by what the log could not take, and the log says so',
  needsRoot,
  async (t) => {
    // Room for what waits in memory meanwhile (collector/seal/shed.ts), once the filler is gone.
    const disk = smallTmpfs(256 * MIB);
    atEnd(t, () => disk.remove());
    const service = await startService(t, {
      folder: disk.mount,
      configuration: 'sensor: { keep: nowhere, ring: 64 MiB }\n',
    });
    const fills = `import os
from errno import ENOSPC
filler = os.open("${disk.mount}/filler", os.O_WRONLY | os.O_CREAT)
for size in (1 << 20, 4096, 1):
    try:
        while True:
            os.write(filler, bytes(size))
    except OSError as full:
        assert full.errno == ENOSPC
for n in range(350000):
    try:
        os.open("${disk.mount}/none-%d" % n, os.O_RDONLY)
    except FileNotFoundError:
        pass
`;
    const { code, stderr } = await spoor(['run', '--state', service.state, '--', 'python3', '-c', fills]);
    assert.equal(code, 0, stderr);
    disk.free();
    while ((await logTrouble(service.state)) !== '') await pause(LOOK_MS);
    assert.equal(await service.stop(), 0);
    const events = await eventsIn(service.state);
    const unsealed = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'sensor.gap' && attributes['spoor.gap.cause'] === 'disk_full',
    );
    assert.ok(unsealed.length > 0);
    const found = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'finding' && attributes['security_rule.name'] === 'The log could not take events',
    );
    assert.ok(found.length >= 1);
    // Who did it: the session whose opens were lost. Its open of the filler may be among them: opens go first.
    const { attributes: started } = startsNaming(events, disk.mount)[0] ?? assert.fail();
    const losers = new Set(unsealed.map(({ attributes }) => attributes['session.id']));
    assert.ok(losers.has(started['session.id']), [...losers].join(', '));
    assert.equal((await spoor(['verify', '--state', service.state])).code, 0);
  },
);

async function logTrouble(state: string): Promise<string> {
  const { stdout } = await spoor(['status', '--state', state, '--json']);
  return JSON.parse(stdout.toString()).log.trouble;
}
