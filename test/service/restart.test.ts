/** The watch goes on while its service is restarted, killed or replaced by another version. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { eventsIn, needsRoot, type PrintedEvent, spoor } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { keepIn } from './kept.ts';
import { type RunningService, startService } from './running.ts';

/** Steps of the agent's child before the next thing happens to the service. */
const STEPS = 50;
/** Longer than any step takes; a step that never comes fails the test by its own time-out. */
const LOOK_MS = 5;

interface Worker {
  /** Resolves when its child has gone on by STEPS steps. A step writes a file and runs a program with its number. */
  goneOn(): Promise<void>;
  /** Lets it come to its end. @returns how many steps it has made */
  ended(): Promise<number>;
}

function startWorker(t: Scope, folder: string): Worker {
  const script = `
import { spawnSync } from 'node:child_process';
spawnSync('/bin/sh', ['-c', process.argv[2]], { stdio: 'inherit' });
`;
  const { command } = plantCodex(join(folder, 'usr'), script);
  const enough = join(folder, 'enough');
  const steps = `i=0; while [ -d ${folder} ] && [ ! -e ${enough} ]; do i=$((i+1)); echo x > ${folder}/step-$i; /bin/true $i; sleep 0.02; done`;
  const agent = spawn(command, [steps], { stdio: 'inherit', detached: true });
  atEnd(t, () => endGroup(agent));
  const exit = once(agent, 'exit');
  const made = () => readdirSync(folder).filter((name) => name.startsWith('step-')).length;
  return {
    async goneOn() {
      const until = made() + STEPS;
      while (made() < until) await pause(LOOK_MS);
    },
    async ended() {
      writeFileSync(enough, '');
      await exit;
      return made();
    },
  };
}

/** The agent and what it started, if any of it is left. */
function endGroup({ pid }: ChildProcess): void {
  try {
    process.kill(-(pid as number), 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH');
  }
}

/** Steps whose open, and whose exec, the log does not tell, and how many a gap states as lost. */
function missingOf(events: readonly PrintedEvent[], folder: string, steps: number) {
  const opened = new Map<string, number>();
  const run = new Map<string, number>();
  for (const { event_name, attributes } of events) {
    if (event_name === 'file.open' && String(attributes['file.path']).startsWith(`${folder}/step-`))
      add(opened, String(attributes['file.path']).slice(`${folder}/step-`.length));
    const args = attributes['process.command_args'] ?? [];
    if (event_name === 'process.exec' && args[0] === '/bin/true') add(run, String(args[1]));
  }
  const all = Array.from({ length: steps }, (_, index) => String(index + 1));
  return {
    opens: all.filter((step) => !opened.has(step)),
    execs: all.filter((step) => !run.has(step)),
    twice: all.filter((step) => (opened.get(step) ?? 0) > 1 || (run.get(step) ?? 0) > 1),
    lost: events
      .filter(({ event_name }) => event_name === 'sensor.gap')
      .map(({ attributes }) => `${attributes['spoor.gap.event']} ${attributes['spoor.gap.count']}`),
  };
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Events of the worker's session: a host has other agents too. */
function ofWorker(events: readonly PrintedEvent[], folder: string): PrintedEvent[] {
  const start = events.find(
    ({ event_name, attributes }) =>
      event_name === 'session.start' && attributes['process.command_args']?.join(' ').includes(folder),
  );
  const id = start?.attributes['session.id'];
  return events.filter(
    ({ event_name, attributes }) => attributes['session.id'] === id || event_name === 'sensor.gap',
  );
}

function named(events: readonly PrintedEvent[], name: string): PrintedEvent[] {
  return events.filter(({ event_name }) => event_name === name);
}

async function through(
  t: Scope,
  folder: string,
  end: (service: RunningService) => Promise<unknown>,
): Promise<{ events: PrintedEvent[]; second: RunningService; steps: number }> {
  const keep = keepIn(t);
  // Room for what the session, and everybody else on this host, does while no service reads.
  const configuration = `log_level: debug\nsensor:\n  keep: ${keep}\n  ring: 64 MiB\n`;
  const first = await startService(t, { folder, configuration });
  const worker = startWorker(t, folder);
  await worker.goneOn();
  await end(first);
  await worker.goneOn();
  const second = await startService(t, { folder, configuration });
  await worker.goneOn();
  const steps = await worker.ended();
  await second.says('session ended');
  assert.equal(await second.stop(), 0);
  assert.equal((await spoor(['verify', '--state', second.state])).code, 0);
  return { events: ofWorker(await eventsIn(second.state), folder), second, steps };
}

for (const [how, end] of [
  ['stopped', (service: RunningService) => service.stop()],
  ['killed', (service: RunningService) => service.kill()],
] as const)
  test(
    `a service that is ${how} and started again misses no exec and no open of a working session, and tells none twice`,
    needsRoot,
    async (t) => {
      const folder = emptyFolder(t);
      const { events, second, steps } = await through(t, folder, end);
      assert.deepEqual(missingOf(events, folder, steps), { opens: [], execs: [], twice: [], lost: [] });
      const starts = named(events, 'session.start');
      const ends = named(events, 'session.end');
      assert.equal(starts.length, 1);
      assert.equal(ends.length, 1);
      assert.equal(ends[0]?.attributes['session.id'], starts[0]?.attributes['session.id']);
      assert.equal(ends[0]?.attributes['spoor.session.end_reason'], 'empty');
      assert.equal(ends[0]?.attributes['process.exit.code'], 0);
      // What the first service counted is in the sums of the end as well.
      assert.equal(ends[0]?.attributes['spoor.session.processes'], named(events, 'process.exec').length);
      assert.equal((await second.says('watching')).watch_before, 'same');
    },
  );

test(
  'an upgrade keeps the session and its id, and states what the programs before had not handed over',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const keep = keepIn(t);
    const first = await startService(t, {
      folder,
      configuration: `sensor:\n  keep: ${keep}\n  ring: 32 MiB\n`,
    });
    const worker = startWorker(t, folder);
    await worker.goneOn();
    await first.stop();
    await worker.goneOn();
    // Another size of ring is another watch, as other programs are.
    const second = await startService(t, {
      folder,
      configuration: `log_level: debug\nsensor:\n  keep: ${keep}\n  ring: 64 MiB\n`,
    });
    await worker.goneOn();
    const steps = await worker.ended();
    await second.says('session ended');
    assert.equal(await second.stop(), 0);
    assert.equal((await second.says('watching')).watch_before, 'other');
    const events = ofWorker(await eventsIn(second.state), folder);
    assert.equal(named(events, 'session.start').length, 1);
    assert.equal(named(events, 'session.end').length, 1);
    const { execs, opens, twice } = missingOf(events, folder, steps);
    assert.deepEqual(twice, []);
    assert.ok(execs.length > 0); // nobody read them
    const stated = new Map(
      named(events, 'sensor.gap')
        .filter(({ attributes }) => attributes['spoor.gap.cause'] === 'upgrade')
        .map(({ attributes }) => [attributes['spoor.gap.event'], attributes['spoor.gap.count']]),
    );
    assert.ok(stated.get('process.exec') >= execs.length, `${execs.length} execs are missing`);
    assert.ok(stated.get('file.open') >= opens.length, `${opens.length} opens are missing`);
  },
);

test(
  'a program of the sensor that somebody took out of the kernel is attached again, and the log names it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const keep = keepIn(t);
    const configuration = `sensor:\n  keep: ${keep}\n`;
    const first = await startService(t, { folder, configuration });
    await first.stop();
    rmSync(join(keep, 'link_both_exec'));
    const second = await startService(t, { folder, configuration });
    await second.stop();
    assert.ok(existsSync(join(keep, 'link_both_exec')));
    const watches = named(await eventsIn(second.state), 'sensor.watch').map(({ attributes }) => attributes);
    assert.deepEqual(
      watches.map((watch) => [watch['spoor.watch.found'], watch['spoor.watch.attached_again']]),
      [
        ['nothing', undefined],
        ['same', ['both_exec']],
      ],
    );
  },
);

test(
  'a watch that cannot be read on is taken away and a new one begins, which the log says',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const keep = keepIn(t);
    const configuration = `sensor:\n  keep: ${keep}\n`;
    const first = await startService(t, { folder, configuration });
    await first.kill();
    rmSync(join(keep, 'map_ring'));
    const second = await startService(t, { folder, configuration });
    assert.equal((await second.says('watching')).watch_before, 'broken');
    assert.ok(existsSync(join(keep, 'map_ring')));
    await second.stop();
  },
);

test('a second service gets no watch that another one holds, and is told the mend', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const keep = keepIn(t);
  await startService(t, { folder, configuration: `sensor:\n  keep: ${keep}\n` });
  const other = join(folder, 'other.yml');
  writeFileSync(other, `state: ${folder}/other\nruntime: ${folder}/other-run\nsensor:\n  keep: ${keep}\n`);
  const { code, stderr } = await spoor(['service', '--config', other]);
  assert.equal(code, 3);
  assert.match(stderr, /spoor belongs to a service that runs; stop it, or give this one a folder of its own/);
});

test(
  'nothing is watched any more after spoor service --end-watch, and the session of before has its end in the log',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const keep = keepIn(t);
    const service = await startService(t, { folder, configuration: `sensor:\n  keep: ${keep}\n` });
    const worker = startWorker(t, folder);
    await worker.goneOn();
    await service.stop();
    assert.ok(readdirSync(keep).includes('link_both_exec'));
    const { code, stderr } = await spoor(['service', '--end-watch', '--config', service.configuration]);
    assert.equal(code, 0, stderr);
    assert.equal(existsSync(keep), false);
    const ends = named(ofWorker(await eventsIn(service.state), folder), 'session.end');
    assert.equal(ends.length, 1);
    assert.equal(ends[0]?.attributes['spoor.session.end_reason'], 'watcher_stopped');
    await worker.ended();
  },
);
