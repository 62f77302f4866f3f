/**
 * Real agents, started by hand under a running service and driven by a scripted model on loopback: each is a session
 * of its own name, version and user from its exec on, with every command the model gave it and nothing of anybody else.
 */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { askService } from '../../collector/service/ask.ts';
import type { ServiceStatus, SessionStatus } from '../../collector/service/status.ts';
import { codex } from '../agents/codex.ts';
import { startModel } from '../agents/model.ts';
import { cline, copilot, gemini, opencode, qwen } from '../agents/others.ts';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, run } from '../system/spoor.ts';
import { type RunningService, startService } from './running.ts';

/** What each command of the script leaves behind, and the programs it runs. */
const COMMANDS = ['echo one > one.txt', 'cp one.txt two.txt && cat two.txt'];
const PROGRAMS = ['cp', 'cat'];
const FILES = ['one.txt', 'two.txt'];

function bootNs({ attributes }: PrintedEvent): bigint {
  return BigInt(attributes['spoor.event.boot_ns'] ?? 0);
}

/** Events of the session that began with a process in this folder, by time. */
function sessionIn(events: readonly PrintedEvent[], project: string): PrintedEvent[] {
  const start = events.find(
    ({ event_name, attributes }) =>
      event_name === 'session.start' && attributes['process.working_directory'] === project,
  );
  const id = start?.attributes['session.id'];
  return events
    .filter(({ attributes }) => id !== undefined && attributes['session.id'] === id)
    .sort((left, right) => Number(bootNs(left) - bootNs(right)));
}

/** Pids of the processes with all these words in their command lines, as /proc has them. */
function running(words: readonly string[]): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && words.every((word) => commandLine(entry).includes(word)))
    .map(Number);
}

/** Empty for a process that has ended meanwhile. */
function commandLine(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return [];
  }
}

async function sessionsOf(t: Scope, service: RunningService): Promise<readonly SessionStatus[]> {
  const asking = await askService(join(service.runtime, 'control.sock'));
  assert.ok(asking);
  atEnd(t, () => asking.close());
  return ((await asking.ask({ ask: 'status' })) as unknown as ServiceStatus).sessions;
}

for (const [name, agent] of Object.entries({ codex, gemini, copilot, qwen, opencode, cline }))
  test(`${name}, started by hand, is one session of its own with all it was told to do`, {
    skip: needsRoot.skip || (agent ? false : `${name} is not installed: make agents`),
  }, async (t) => {
    assert.ok(agent);
    const folder = emptyFolder(t);
    const home = join(folder, 'home');
    const project = join(folder, 'project');
    mkdirSync(home);
    mkdirSync(project);
    const service = await startService(t, {
      folder,
      configuration: 'log_level: debug\nsensor:\n  ring: 64 MiB\n',
    });
    const model = await startModel({ commands: COMMANDS, closing: 'Done.' });
    atEnd(t, () => model.stop());
    const { command, env } = agent.task(home, model, 'Write two files.');
    const [program, ...args] = command as [string, ...string[]];
    const outcome = await run(program, args, { cwd: project, env: { ...env, PWD: project } });
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(readFileSync(join(project, 'two.txt'), 'utf8'), 'one\n');
    await run('/bin/cp', [join(project, 'one.txt'), join(folder, 'by-somebody-else')]);
    assert.ok(existsSync(join(folder, 'by-somebody-else')));
    if (agent.daemon !== undefined) {
      // What it left still acts for it.
      const left = running([agent.daemon, project]);
      assert.ok(left.length > 0, `${agent.daemon} does not run`);
      assert.deepEqual(
        (await sessionsOf(t, service)).map(({ agent: ofWhom, live_processes }) => [ofWhom, live_processes]),
        [[agent.name, left.length]],
      );
      for (const pid of left) process.kill(pid);
    }
    await service.says('session ended');
    await service.stop();

    const events = await eventsIn(service.state);
    const session = sessionIn(events, project);
    const [start, ...rest] = session;
    // A finding has the time of what fired it.
    const first = rest.find(({ event_name }) => event_name !== 'finding');
    assert.equal(start?.event_name, 'session.start');
    assert.equal(start?.attributes['gen_ai.agent.name'], agent.name);
    assert.equal(start?.attributes['gen_ai.agent.version'], agent.version);
    assert.equal(start?.attributes['process.user.name'], 'root');
    assert.equal(start?.attributes['spoor.session.started_by'], 'recognition');
    // Tagged within its exec, so before it could make a child.
    assert.equal(start?.attributes['spoor.session.basis'], 'exact');
    assert.equal(first?.event_name, 'process.exec');
    assert.equal(first?.attributes['process.entity_id'], start?.attributes['session.id']);
    for (const file of FILES)
      assert.ok(
        session.some(
          ({ event_name, attributes }) =>
            event_name === 'file.open' &&
            attributes['file.path'] === join(project, file) &&
            ['write', 'read_write'].includes(attributes['spoor.file.access']),
        ),
        `${file} was written, and not seen`,
      );
    for (const ran of PROGRAMS)
      assert.ok(
        session.some(
          ({ event_name, attributes }) =>
            event_name === 'process.exec' && attributes['process.executable.name'] === ran,
        ),
        `${ran} was run, and not seen`,
      );
    assert.deepEqual(
      events.filter(({ attributes }) => attributes['file.path'] === join(folder, 'by-somebody-else')),
      [],
    );
    const end = session.find(({ event_name }) => event_name === 'session.end')?.attributes;
    assert.equal(end?.['spoor.session.end_reason'], 'empty');
    assert.equal(end?.['process.exit.code'], 0);
    assert.equal(end?.['spoor.session.events_lost'], 0);
  });
