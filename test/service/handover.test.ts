/** Work that leaves the tree of a recognised agent, by a file or a daemon's socket, under a service. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, emptyFolder } from '../at-end.ts';
import { eventsIn, needsRoot } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { eventsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

/** A hand-over that never comes fails the test by its own time-out. */
const LOOK_MS = 200;

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
    const folder = emptyFolder(t);
    const service = await startService(t, { folder, configuration: 'log_level: debug\n' });
    const { command } = plantCodex(join(folder, 'usr'), WRITES_A_SCRIPT);
    const script = join(folder, 'job.sh');
    const agent = spawn(command, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    atEnd(t, () => void agent.kill('SIGKILL'));
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

/** Has a shell do what it is told, tells so, then runs until its input ends. */
const HAS_A_SHELL = `
import { execFileSync } from 'node:child_process';
execFileSync('/bin/sh', ['-c', process.argv[2]]);
console.log('done');
process.stdin.resume();
`;

test(
  'what a tmux server outside starts for a recognised agent is inferred to be of its session; what for others is not',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const socket = join(folder, 'tmux');
    const server = spawn('tmux', ['-f', '/dev/null', '-S', socket, '-D'], { stdio: 'ignore' });
    atEnd(t, () => void server.kill('SIGKILL'));
    const tmux = (...args: string[]) => spawnSync('tmux', ['-S', socket, ...args]).status === 0;
    // It listens once a client gets through.
    while (!tmux('new-session', '-d', '-s', 'theirs')) await pause(LOOK_MS);
    const service = await startService(t, { folder });
    const { command } = plantCodex(join(folder, 'usr'), HAS_A_SHELL);
    const agent = spawn(command, [`tmux -S ${socket} new-window -d 'sleep 61.25; :'`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    atEnd(t, () => void agent.kill('SIGKILL'));
    await once(createInterface({ input: agent.stdout }), 'line');
    assert.ok(tmux('new-window', '-d', 'sleep 71.5; :'));
    const execs = async (seconds: string) =>
      eventsNaming(await eventsIn(service.state), folder).filter(
        ({ event_name, attributes }) =>
          event_name === 'process.exec' &&
          attributes['process.command_args']?.join(' ') === `sleep ${seconds}`,
      );
    let inferred = await execs('61.25');
    while (inferred.length === 0) {
      await pause(LOOK_MS);
      inferred = await execs('61.25');
    }
    agent.stdin.end();
    assert.equal(await service.stop(), 0);
    assert.deepEqual(
      inferred.map(({ attributes }) => attributes['spoor.session.basis']),
      ['inferred'],
    );
    assert.deepEqual(await execs('71.5'), []);
    const [daemon] = eventsNaming(await eventsIn(service.state), folder).filter(
      ({ event_name, attributes }) =>
        event_name === 'session.handover' && attributes['spoor.session.basis'] === 'shared',
    );
    assert.equal(daemon?.attributes['spoor.unix.path'], socket);
    assert.equal(daemon?.attributes['spoor.handover.way'], 'unix_socket');
  },
);
