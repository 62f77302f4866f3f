/** Work that leaves the tree of a recognised agent by a file, under a service. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { eventsIn, needsRoot, scratch } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { startService } from './running.ts';

/** Writes a script that tells its pid, then runs until its input ends. */
const WRITES_A_SCRIPT = `
import { writeFileSync } from 'node:fs';
writeFileSync(process.argv[2], '#!/bin/sh\\necho $$\\n', { mode: 0o755 });
console.log('written');
process.stdin.resume();
`;

test(
  'a script that a recognised agent wrote counts to its session as inferred when somebody else runs it; a script of nobody does not',
  needsRoot,
  async (t) => {
    const folder = scratch(t);
    const service = await startService(t, { folder, configuration: 'log_level: debug\n' });
    const { command } = plantCodex(join(folder, 'usr'), WRITES_A_SCRIPT);
    const script = join(folder, 'job.sh');
    const agent = spawn(command, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => void agent.kill('SIGKILL'));
    await once(createInterface({ input: agent.stdout }), 'line');
    const ran = Number(spawnSync(script, [], { encoding: 'utf8' }).stdout);
    const decoy = Number(spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout);
    assert.ok(ran > 0 && decoy > 0);
    agent.stdin.end();
    await service.says('session ended');
    assert.equal(await service.stop(), 0);
    const events = await eventsIn(service.state);
    const session = events.find(
      ({ event_name, attributes }) =>
        event_name === 'session.start' && attributes['process.pid'] === agent.pid,
    )?.attributes['session.id'];
    assert.ok(session);
    const execs = (pid: number) =>
      events
        .filter(
          ({ event_name, attributes }) => event_name === 'process.exec' && attributes['process.pid'] === pid,
        )
        .map(({ attributes }) => [attributes['session.id'], attributes['spoor.session.basis']]);
    assert.deepEqual(execs(ran), [[session, 'inferred']]);
    assert.deepEqual(execs(decoy), []);
  },
);
