import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { needsSensor } from '../programs/session.ts';
import type { PrintedEvent } from '../spoor.ts';
import { beginSession, execOf, handoversIn, outside } from './session.ts';

const ended = { encoding: 'utf8' } as const;

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function ofTarget(events: readonly PrintedEvent[], pid: number): PrintedEvent | undefined {
  return handoversIn(events).find(({ attributes }) => attributes['spoor.target.pid'] === pid);
}

test(
  'however a file that a session wrote is run outside it, its run counts to the session as inferred',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const session = await beginSession(t, { cwd: folder });
    await session.does(`printf '#!/bin/sh\\necho $$\\n' > called.sh; chmod +x called.sh`);
    await session.does(`printf 'echo $$\\n' > named.sh`);
    await session.does(`printf 'import os\\nprint(os.getpid())\\n' > named.py`);
    await session.does(`printf 'until [ -e go ]; do sleep 0.05; done\\n' > read.sh`);
    await session.does(`printf 'echo $$\\n' > moved.sh`);
    await session.does('cp /bin/sleep program');
    await session.until(
      ({ event_name, attributes }) =>
        event_name === 'file.close' &&
        attributes['file.path'] === join(folder, 'program') &&
        attributes['file.hash.sha256'] !== undefined,
    );
    const hashes = Object.fromEntries(
      ['called.sh', 'named.sh', 'named.py'].map((name) => [name, sha256(join(folder, name))]),
    );
    const run = (command: string, args: string[], input?: string) =>
      Number(spawnSync(command, args, { cwd: folder, input, ...ended }).stdout);
    const pids = {
      'called.sh': run('./called.sh', []),
      'named.sh': run('bash', ['-u', 'named.sh', 'x']),
      'named.py': run('/usr/bin/python3', [join(folder, 'named.py')]),
    };
    const program = spawnSync('./program', ['0'], { cwd: folder }).pid;
    renameSync(join(folder, 'moved.sh'), join(folder, 'other'));
    const moved = run('bash', ['other']);
    const decoys = [
      spawnSync('cat', ['named.sh'], { cwd: folder }).pid,
      spawnSync('bash', ['-c', 'echo "$1" >/dev/null', 'x', 'named.sh'], { cwd: folder }).pid,
      spawnSync('/bin/sleep', ['0']).pid,
    ];
    copyFileSync(join(folder, 'named.sh'), join(folder, 'copy.sh'));
    decoys.push(run('bash', ['copy.sh']));
    // Its standard input is found at the process while it lives, and nowhere else.
    const reading = outside(t, 'sh', ['-c', 'exec sh < read.sh'], { cwd: folder });
    const told = await session.until(
      ({ attributes }) => attributes['spoor.target.pid'] === reading.pid && reading.pid !== undefined,
    );
    assert.equal(told.attributes['file.path'], join(folder, 'read.sh'));
    writeFileSync(join(folder, 'go'), '');
    const { events } = await session.end();

    const sessionId = events.find(({ event_name }) => event_name === 'session.start')?.attributes[
      'session.id'
    ];
    for (const [name, pid] of Object.entries(pids)) {
      const handover = ofTarget(events, pid);
      assert.ok(handover, `${name}: its run is not told`);
      assert.equal(handover.attributes['session.id'], sessionId);
      assert.equal(handover.attributes['spoor.session.basis'], 'inferred');
      assert.equal(handover.attributes['file.path'], join(folder, name));
      assert.equal(handover.attributes['file.inode'], String(statSync(join(folder, name)).ino));
      assert.equal(handover.attributes['file.hash.sha256'], hashes[name]);
      assert.equal(handover.attributes['process.executable.name'], 'bash'); // who wrote it
      const exec = events.find(
        ({ event_name, attributes }) =>
          event_name === 'process.exec' &&
          attributes['process.pid'] === pid &&
          attributes['spoor.session.basis'] !== 'exact',
      );
      assert.equal(exec?.attributes['session.id'], sessionId, `${name}: its exec is not of the session`);
    }
    const binary = ofTarget(events, program);
    assert.equal(binary?.attributes['process.executable.name'], 'cp');
    assert.match(String(binary?.attributes['spoor.session.evidence']), /same inode/);
    assert.match(
      String(ofTarget(events, moved)?.attributes['spoor.session.evidence']),
      /same inode and content/,
    );
    for (const pid of decoys) {
      assert.ok(pid > 0);
      assert.equal(ofTarget(events, pid), undefined, 'a decoy was dragged in');
      assert.ok(!events.some(({ attributes }) => attributes['process.pid'] === pid));
    }
  },
);

test(
  'what a followed process does, and what it makes, is reported as the session would be',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const session = await beginSession(t, { cwd: folder });
    await session.does(
      `printf '#!/bin/sh\\nuntil [ -e go ]; do sleep 0.05; done\\n(cat secret >/dev/null; setsid -f cat secret2)\\n' > payload; chmod +x payload`,
    );
    writeFileSync(join(folder, 'secret'), 'x');
    writeFileSync(join(folder, 'secret2'), 'x');
    const payload = outside(t, './payload', [], { cwd: folder });
    const handover = await session.until(
      ({ event_name, attributes }) =>
        event_name === 'session.handover' && attributes['spoor.target.pid'] === payload.pid,
    );
    assert.equal(handover.attributes['spoor.handover.followed'], true);
    writeFileSync(join(folder, 'go'), '');
    const last = await session.until(
      ({ event_name, attributes }) =>
        event_name === 'file.open' && attributes['file.path'] === join(folder, 'secret2'),
    );
    const { events, report } = await session.end();
    const opened = events.find(
      ({ event_name, attributes }) =>
        event_name === 'file.open' && attributes['file.path'] === join(folder, 'secret'),
    );
    for (const event of [opened, last]) {
      assert.equal(event?.attributes['session.id'], handover.attributes['session.id']);
      assert.equal(event?.attributes['spoor.session.basis'], 'inferred');
      assert.equal(event?.attributes['process.executable.name'], 'cat');
    }
    assert.match(report, /hand-overs +1 to processes outside: dash\n +inferred +dash/);
  },
);

test(
  'a restart forgets no written file: a later run of it counts to the session of then',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(emptyFolder(t), 'state');
    const first = await beginSession(t, { cwd: folder, state });
    await first.does(`printf 'echo $$\\n' > later.sh`);
    const firstId = (await first.end()).events.find(({ event_name }) => event_name === 'session.start')
      ?.attributes['session.id'];
    const second = await beginSession(t, { cwd: folder, state });
    const pid = Number(execFileSync('bash', ['later.sh'], { cwd: folder, ...ended }));
    const decoy = Number(execFileSync('bash', ['-c', 'echo $$'], { cwd: folder, ...ended }));
    const { events } = await second.end();
    const handover = ofTarget(events, pid);
    assert.equal(handover?.attributes['session.id'], firstId);
    assert.equal(handover?.attributes['file.hash.sha256'], sha256(join(folder, 'later.sh')));
    assert.equal(
      execOf(events, (args) => args.join(' ') === 'bash later.sh')[0]?.attributes['session.id'],
      firstId,
    );
    assert.equal(ofTarget(events, decoy), undefined);
  },
);
