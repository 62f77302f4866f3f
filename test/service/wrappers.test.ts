/** Agents started in roundabout ways, and trees that stood before the service: one session each, with all it did. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { eventsIn, needsRoot, type PrintedEvent, run } from '../system/spoor.ts';
import { plantCodex, plantPackage } from './agent.ts';
import { startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

const BUN = join(CHECKOUT, 'test/agents/node_modules/@oven/bun-linux-x64/bin/bun');

const WRITES = `
import { spawnSync } from 'node:child_process';
for (const file of process.argv.slice(2)) spawnSync('/bin/sh', ['-c', 'echo x > ' + file], { detached: true });
`;

function startsIn(events: readonly PrintedEvent[], folder: string): PrintedEvent['attributes'][] {
  return startsNaming(events, folder).map(({ attributes }) => attributes);
}

/** Sessions by what wrote each of these files; undefined for a write that was not seen. */
function writersOf(events: readonly PrintedEvent[], files: readonly string[]): (string | undefined)[] {
  return files.map(
    (file) =>
      events.find(
        ({ event_name, attributes }) => event_name === 'file.open' && attributes['file.path'] === file,
      )?.attributes['session.id'],
  );
}

test('an agent that bun runs is a session of its own, with version, from its exec', {
  skip: needsRoot.skip || (existsSync(BUN) ? false : 'bun is not installed: make agents'),
}, async (t) => {
  const folder = emptyFolder(t);
  const service = await startService(t, { folder });
  const { command, version } = plantCodex(join(folder, 'usr'), WRITES);
  const files = [join(folder, 'by-script'), join(folder, 'by-run')];
  for (const [index, how] of [[], ['run']].entries()) {
    const { code, stderr } = await run(BUN, [...how, command, files[index] as string]);
    assert.equal(code, 0, stderr);
  }
  const outsider = join(folder, 'by-another-script');
  const { code } = await run(BUN, ['-e', `require('fs').writeFileSync(${JSON.stringify(outsider)}, '')`]);
  assert.equal(code, 0);
  await service.stop();
  const events = await eventsIn(service.state);
  const starts = startsIn(events, folder);
  assert.deepEqual(
    starts.map((start) => [
      start['gen_ai.agent.name'],
      start['gen_ai.agent.version'],
      start['spoor.session.basis'],
    ]),
    [
      ['codex', version, 'exact'],
      ['codex', version, 'exact'],
    ],
  );
  assert.deepEqual(writersOf(events, [...files, outsider]), [
    ...starts.map((start) => start['session.id']),
    undefined,
  ]);
});

test(
  'an agent that starts itself again by /proc/self/exe, in a session of its own each time, stays one session',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const script = `
import { spawnSync } from 'node:child_process';
const [, own, depth, file] = process.argv;
if (depth === '0') spawnSync('/bin/sh', ['-c', 'echo x > ' + file], { detached: true });
else spawnSync('/proc/self/exe', [own, String(depth - 1), file], { detached: true, stdio: 'inherit' });
`;
    const { command } = plantCodex(join(folder, 'usr'), script);
    const file = join(folder, 'by-the-innermost');
    const { code, stderr } = await run(command, ['3', file]);
    assert.equal(code, 0, stderr);
    await service.stop();
    const events = await eventsIn(service.state);
    const starts = startsIn(events, folder);
    assert.equal(starts.length, 1);
    assert.deepEqual(writersOf(events, [file]), [starts[0]?.['session.id']]);
    const again = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'process.exec' && attributes['spoor.process.called_path'] === '/proc/self/exe',
    );
    assert.equal(again.length, 3);
  },
);

test(
  'env, timeout and a shell that becomes it do not hide an agent, and are no part of its session',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const { command } = plantCodex(join(folder, 'usr'), WRITES);
    const files = ['by-env', 'by-timeout', 'by-exec'].map((name) => join(folder, name));
    await run('/usr/bin/env', ['-i', `PATH=${process.env.PATH}`, 'node', command, files[0] as string]);
    await run('/usr/bin/timeout', ['60', command, files[1] as string]);
    await run('/bin/sh', ['-c', `exec ${command} ${files[2]}`]);
    await service.stop();
    const events = await eventsIn(service.state);
    const starts = startsIn(events, folder);
    assert.deepEqual(
      starts.map((start) => [start['gen_ai.agent.name'], start['spoor.session.basis']]),
      files.map(() => ['codex', 'exact']),
    );
    assert.deepEqual(
      writersOf(events, files),
      starts.map((start) => start['session.id']),
    );
    const programs = events
      .filter(({ event_name }) => event_name === 'process.exec')
      .map(({ attributes }) => attributes['process.executable.name']);
    assert.ok(!programs.includes('timeout'));
  },
);

test(
  'a tree that stood before the service is taken in whole: shell, grandchild in a session of its own, nested agent with its own',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const file = (name: string) => join(folder, name);
    const waits = (name: string) => `echo ready; read go < ${file('go')}; echo x > ${file(name)}`;
    await run('mkfifo', [file('go')]);
    const inner = plantPackage(
      join(folder, 'inner'),
      '@google/gemini-cli',
      'gemini',
      '0.61.0',
      `import { spawnSync } from 'node:child_process';
spawnSync('/bin/sh', ['-c', ${JSON.stringify(waits('by-nested'))}], { stdio: 'inherit' });`,
    );
    const outer = plantCodex(
      join(folder, 'outer'),
      `import { spawn } from 'node:child_process';
const sh = (script) => spawn('/bin/sh', ['-c', script], { stdio: 'inherit', detached: true });
sh(${JSON.stringify(waits('by-child'))});
sh(${JSON.stringify(`setsid sh -c '${waits('by-grandchild')}'; :`)});
sh(${JSON.stringify(`${inner.command}; :`)});`,
    );
    const agent = spawn(outer.command, [], { stdio: ['ignore', 'pipe', 'inherit'] });
    atEnd(t, () => agent.kill('SIGKILL'));
    let ready = 0;
    for await (const _ of createInterface({ input: agent.stdout })) if (++ready === 3) break;
    const service = await startService(t, { folder });
    const ended = once(agent, 'exit');
    // One opening of the FIFO lets all three go.
    await run('/bin/sh', ['-c', `printf 'go\\ngo\\ngo\\n' > ${file('go')}`]);
    await ended;
    await service.stop();
    const events = await eventsIn(service.state);
    const starts = startsIn(events, folder);
    const codex = starts.find((start) => start['gen_ai.agent.name'] === 'codex');
    const gemini = starts.find((start) => start['gen_ai.agent.name'] === 'gemini-cli');
    assert.equal(codex?.['process.pid'], agent.pid);
    assert.equal(gemini?.['spoor.session.parent_id'], codex?.['session.id']);
    for (const start of [codex, gemini]) assert.match(start?.['spoor.session.evidence'], /unseen/);
    assert.deepEqual(writersOf(events, ['by-child', 'by-grandchild', 'by-nested'].map(file)), [
      codex?.['session.id'],
      codex?.['session.id'],
      gemini?.['session.id'],
    ]);
  },
);
