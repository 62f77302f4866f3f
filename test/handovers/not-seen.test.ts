import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { needsSensor } from '../programs/session.ts';
import { spoor } from '../spoor.ts';
import { beginSession, handoversIn } from './session.ts';

const NOT_SEEN = [
  'session.handover by a file that a program outside opens by itself',
  'session.handover by a copy that was made outside',
];

test(
  'a start-up file and a copy made outside are no hand-over, and the log and doctor say that they are not seen',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const session = await beginSession(t, { cwd: folder });
    await session.does(`for name in written startup; do printf 'echo $$\\n' > $name.sh; done`);
    copyFileSync(join(folder, 'written.sh'), join(folder, 'copy.sh'));
    const run = (args: string[], more: NodeJS.ProcessEnv = {}) =>
      Number(
        spawnSync('bash', args, { cwd: folder, env: { ...process.env, ...more }, encoding: 'utf8' }).stdout,
      );
    const startUp = run(['-c', ':'], { BASH_ENV: join(folder, 'startup.sh') });
    const copy = run(['copy.sh']);
    assert.ok(startUp > 0 && copy > 0); // both files were really run
    const joined = run(['written.sh']);
    await session.until(({ attributes }) => attributes['spoor.target.pid'] === joined);
    const { events } = await session.end();
    const targets = handoversIn(events).map(({ attributes }) => attributes['spoor.target.pid']);
    assert.deepEqual(targets, [joined]);
    const told = events.flatMap(({ event_name, attributes }) =>
      event_name === 'sensor.coverage' && attributes['spoor.coverage.state'] === 'not_seen'
        ? [attributes['spoor.coverage.subject']]
        : [],
    );
    const doctor = JSON.parse((await spoor(['doctor', '--json', '--state', join(folder, 'none')])).stdout);
    const listed = doctor.coverage.map(({ subject }: { subject: string }) => subject);
    for (const subject of NOT_SEEN) {
      assert.ok(told.includes(subject), `the log does not say: ${subject}`);
      assert.ok(listed.includes(subject), `doctor does not say: ${subject}`);
    }
  },
);
