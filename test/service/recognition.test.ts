/** The service beside agents that nobody told it about, started by hand. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { askService } from '../../collector/service/ask.ts';
import type { ServiceStatus } from '../../collector/service/status.ts';
import { codexCommand, configureCodex, installedCodex } from '../agents/codex.ts';
import { startModel } from '../agents/model.ts';
import { atEnd, emptyFolder } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, run, spoor } from '../system/spoor.ts';
import { plantCodex, plantPackage } from './agent.ts';
import { startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

/** Makes a child at once, in a session of its own, that writes a file and ends; then does it again. */
const WRITES_BY_CHILDREN = `
import { spawnSync } from 'node:child_process';
for (const file of process.argv.slice(2)) spawnSync('/bin/sh', ['-c', 'echo x > ' + file], { detached: true });
`;

function ofSession(events: readonly PrintedEvent[], id: string): PrintedEvent[] {
  return events.filter(({ attributes }) => attributes['session.id'] === id);
}

function bootNs({ attributes }: PrintedEvent): bigint {
  return BigInt(attributes['spoor.event.boot_ns'] ?? 0);
}

test(
  'an agent started by hand is a session from its exec: who it is, what its first child wrote, how it ended',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const { command, version } = plantCodex(join(folder, 'usr'), WRITES_BY_CHILDREN);
    const files = [join(folder, 'first'), join(folder, 'second')];
    const { code, stderr } = await run(command, files);
    assert.equal(code, 0, stderr);
    assert.equal(await service.stop(), 0);

    const events = await eventsIn(service.state);
    assert.equal(startsNaming(events, folder).length, 1);
    const start = startsNaming(events, folder)[0]?.attributes ?? {};
    assert.equal(start['gen_ai.agent.name'], 'codex');
    assert.equal(start['gen_ai.agent.version'], version);
    assert.equal(start['spoor.session.started_by'], 'recognition');
    assert.equal(start['spoor.session.basis'], 'exact');
    assert.equal(start['process.user.id'], 0);
    // In the log an exec may come later than what followed it: it waits for its hash.
    const session = ofSession(events, start['session.id']).sort((left, right) =>
      Number(bootNs(left) - bootNs(right)),
    );
    assert.equal(session[1]?.event_name, 'process.exec');
    assert.equal(session[1]?.attributes['process.entity_id'], start['session.id']);
    for (const file of files)
      assert.ok(
        session.some(
          ({ event_name, attributes }) =>
            event_name === 'file.open' &&
            attributes['file.path'] === file &&
            attributes['process.executable.name'] === 'dash',
        ),
        `${file} was written, and not seen`,
      );
    const end = session.find(({ event_name }) => event_name === 'session.end')?.attributes;
    assert.equal(end?.['spoor.session.end_reason'], 'empty');
    assert.equal(end?.['process.exit.code'], 0);
    assert.equal((await spoor(['verify', '--state', service.state])).code, 0);
  },
);

test(
  'nothing of programs that are no agents is in the log, though they run node, python and a script called claude',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const decoy = join(folder, 'claude.js');
    writeFileSync(decoy, WRITES_BY_CHILDREN);
    const outsider = join(folder, 'by-an-outsider');
    await run('node', [decoy, outsider]);
    await run('python3', ['-c', `open(${JSON.stringify(outsider)}, 'w')`]);
    const goose = join(folder, 'goose'); // the SQL migrations tool's name
    writeFileSync(goose, `#!/bin/sh\necho x > ${outsider}\n`, { mode: 0o755 });
    await run(goose, ['up']);
    assert.ok(existsSync(outsider));
    await service.stop();
    const events = await eventsIn(service.state);
    assert.deepEqual(startsNaming(events, folder), []);
    assert.deepEqual(
      events.filter(({ attributes }) => attributes['file.path'] === outsider),
      [],
    );
  },
);

test(
  'an agent that is started by a command of another one is nested, and names its parent',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const inner = plantPackage(
      join(folder, 'inner'),
      '@google/gemini-cli',
      'gemini',
      '0.61.0',
      WRITES_BY_CHILDREN,
    );
    const script = `
import { spawnSync } from 'node:child_process';
spawnSync('/bin/sh', ['-c', process.argv.slice(2).join(' ')], { stdio: 'inherit' });
`;
    const outer = plantCodex(join(folder, 'outer'), script);
    const file = join(folder, 'by-the-inner');
    await run(outer.command, [inner.command, file]);
    await service.stop();
    const events = await eventsIn(service.state);
    const [first, second] = startsNaming(events, folder).map(({ attributes }) => attributes);
    assert.equal(first?.['gen_ai.agent.name'], 'codex');
    assert.equal(second?.['gen_ai.agent.name'], 'gemini-cli');
    assert.equal(second?.['spoor.session.parent_id'], first?.['session.id']);
    const writer = events.find(({ attributes }) => attributes['file.path'] === file);
    assert.equal(writer?.attributes['session.id'], second?.['session.id']);
  },
);

test(
  'an agent that ran before the service is taken in with its whole tree, and what came before is said to be unseen',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const script = `
import { spawn } from 'node:child_process';
const child = spawn('/bin/sh', ['-c', 'echo ready; read go; echo x > ' + process.argv[2]], { stdio: 'inherit', detached: true });
child.on('exit', () => {});
`;
    const { command } = plantCodex(join(folder, 'usr'), script);
    const file = join(folder, 'after');
    const agent = spawn(command, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    atEnd(t, () => agent.kill('SIGKILL'));
    await once(createInterface({ input: agent.stdout }), 'line');
    const service = await startService(t, { folder });
    const ended = once(agent, 'exit');
    agent.stdin.end('go\n');
    await ended;
    await service.stop();
    const events = await eventsIn(service.state);
    assert.equal((await service.says('watching')).running_sessions, 1);
    const start = startsNaming(events, folder)[0]?.attributes ?? {};
    assert.equal(start['gen_ai.agent.name'], 'codex');
    assert.equal(start['process.pid'], agent.pid);
    assert.equal(start['spoor.session.basis'], 'inferred');
    assert.match(start['spoor.session.evidence'], /unseen/);
    const write = events.find(({ attributes }) => attributes['file.path'] === file);
    assert.equal(write?.attributes['session.id'], start['session.id']);
  },
);

test(
  'a daemon that an agent leaves behind keeps the session open, and its end closes it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder, configuration: 'log_level: debug\n' });
    const fifo = join(folder, 'fifo');
    await run('mkfifo', [fifo]);
    const file = join(folder, 'by-the-daemon');
    const script = `
import { spawn } from 'node:child_process';
spawn('/bin/sh', ['-c', 'read go < ${fifo}; echo x > ${file}'], { stdio: 'ignore', detached: true }).unref();
`;
    const { command } = plantCodex(join(folder, 'usr'), script);
    await run(command, []);
    const asking = await askService(join(service.runtime, 'control.sock'));
    atEnd(t, () => asking?.close());
    assert.ok(asking);
    const { sessions } = (await asking.ask({ ask: 'status' })) as unknown as ServiceStatus;
    assert.deepEqual(
      sessions.map(({ agent, live_processes }) => ({ agent, live_processes })),
      [{ agent: 'codex', live_processes: 1 }],
    );
    await run('/bin/sh', ['-c', `echo go > ${fifo}`]);
    await service.says('session ended');
    await service.stop();
    const events = await eventsIn(service.state);
    const end = events.find(({ event_name }) => event_name === 'session.end')?.attributes;
    const write = events.find(({ attributes }) => attributes['file.path'] === file)?.attributes;
    assert.equal(write?.['session.id'], end?.['session.id']);
    assert.equal(end?.['spoor.session.end_reason'], 'empty');
  },
);

const codex = installedCodex();
test('the real Codex, started by hand, is one session with every command the model gave it and nothing of anybody else', {
  skip: needsRoot.skip || (codex ? false : 'Codex is not installed: make agents'),
}, async (t) => {
  assert.ok(codex);
  const folder = emptyFolder(t);
  const service = await startService(t, { folder });
  const home = join(folder, 'home');
  const project = join(folder, 'project');
  mkdirSync(project, { recursive: true });
  const model = await startModel({
    commands: ['echo one > one.txt', 'cp one.txt two.txt && cat two.txt'],
    closing: 'Done.',
  });
  atEnd(t, () => model.stop());
  const [program, ...args] = codexCommand(codex.program, 'Write two files.') as [string, ...string[]];
  const outcome = await run(program, args, {
    cwd: project,
    env: { HOME: home, CODEX_HOME: configureCodex(home, model) },
  });
  assert.equal(outcome.code, 0, outcome.stderr);
  await run('/bin/cp', [join(project, 'one.txt'), join(folder, 'by-somebody-else')]);
  await service.stop();

  const events = await eventsIn(service.state);
  assert.equal(startsNaming(events, folder).length, 1);
  const start = startsNaming(events, folder)[0]?.attributes ?? {};
  assert.equal(start['gen_ai.agent.name'], 'codex');
  assert.equal(start['gen_ai.agent.version'], codex.version);
  const session = ofSession(events, start['session.id']);
  const opened = (name: string) =>
    session.filter(
      ({ event_name, attributes }) =>
        event_name === 'file.open' && attributes['file.path'] === join(project, name),
    );
  assert.ok(opened('one.txt').length > 0);
  assert.ok(opened('two.txt').length > 0);
  for (const command of ['cp', 'cat'])
    assert.ok(
      session.some(
        ({ event_name, attributes }) =>
          event_name === 'process.exec' && attributes['process.executable.name'] === command,
      ),
      command,
    );
  assert.deepEqual(
    events.filter(({ attributes }) => attributes['file.path'] === join(folder, 'by-somebody-else')),
    [],
  );
  const end = session.find(({ event_name }) => event_name === 'session.end')?.attributes;
  assert.equal(end?.['spoor.session.end_reason'], 'empty');
  assert.equal(end?.['spoor.session.events_lost'], 0);
});
