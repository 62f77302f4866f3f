/** 10,000 short processes through the whole system: each is told, or a gap accounts for it. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import type { ReceivedLog } from '../receivers/receiver.ts';
import { needsRoot, receiverIn, spoor } from './spoor.ts';

const PROCESSES = 10_000;

interface Ended {
  readonly pid: number;
  readonly code: number;
}

function lostOf(logs: readonly ReceivedLog[], event: string): number {
  const gaps = logs.filter(
    (log) => log.event_name === 'sensor.gap' && log.attributes['spoor.gap.event'] === event,
  );
  return gaps.reduce((sum, log) => sum + Number(log.attributes['spoor.gap.count']), 0);
}

/** Numbers whose process has no event in `told`. */
function missing(truth: readonly Ended[], told: ReadonlyMap<number, unknown>): number[] {
  return truth.map((_, number) => number).filter((number) => !told.has(number));
}

test(
  `exec and exit of each of ${PROCESSES} short processes arrive, or gap events account exactly for the difference`,
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    mkdirSync(join(folder, 'receiver'));
    const receiver = await receiverIn(t, join(folder, 'receiver'));
    const storm = ['/usr/bin/python3', join(CHECKOUT, 'test/system/storm.py'), String(PROCESSES)];
    const outcome = await spoor(['run', '--state', state, '--otlp', receiver.url, '--', ...storm]);
    assert.equal(outcome.code, 0, outcome.stderr);
    const lines = outcome.stdout.toString('utf8').trimEnd().split('\n');
    const truth = lines.map((line): Ended => {
      const [pid, code] = line.split(' ').map(Number);
      return { pid: pid as number, code: code as number };
    });
    assert.equal(truth.length, PROCESSES);

    // The run waits ten seconds for the receiver; what was left then goes with the next run.
    await receiver.caughtUp();
    while (!receiver.logs.some((log) => log.event_name === 'session.end')) {
      const before = receiver.logs.length;
      assert.equal((await spoor(['run', '--state', state, '--otlp', receiver.url, '--', 'true'])).code, 0);
      await receiver.caughtUp();
      assert.ok(receiver.logs.length > before, 'a run delivered nothing of what was left');
    }

    // What was under way when a run stopped waiting is sent again: the same uid is the same event and a SIEM drops repeats by it.
    const logs = [...new Map(receiver.logs.map((log) => [log.attributes['log.record.uid'], log])).values()];
    const execs = new Map<number, ReceivedLog>();
    for (const log of logs) {
      const args = log.attributes['process.command_args'];
      if (log.event_name !== 'process.exec' || !Array.isArray(args)) continue;
      if (args[0] !== '/bin/true' && args[0] !== '/bin/false') continue;
      assert.ok(!execs.has(Number(args[1])), `process ${args[1]} was told twice`);
      execs.set(Number(args[1]), log);
    }
    const exits = new Map<unknown, ReceivedLog>();
    for (const log of logs)
      if (log.event_name === 'process.exit') exits.set(log.attributes['process.entity_id'], log);

    for (const [number, log] of execs) {
      const { pid, code } = truth[number] as Ended;
      assert.equal(log.attributes['process.pid'], pid);
      assert.equal(log.attributes['process.executable.name'], number % 3 === 0 ? 'false' : 'true');
      const exit = exits.get(log.attributes['process.entity_id']);
      if (exit) assert.equal(exit.attributes['process.exit.code'], code);
    }
    const withoutExec = missing(truth, execs).length;
    const exitPids = new Map([...exits.values()].map((log) => [log.attributes['process.pid'], log]));
    const withoutExit = truth.filter(({ pid }) => !exitPids.has(pid)).length;
    const lostExecs = lostOf(logs, 'process.exec');
    const lostExits = lostOf(logs, 'process.exit');
    t.diagnostic(
      `${withoutExec} execs and ${withoutExit} exits not told; gaps of ${lostExecs} and ${lostExits}`,
    );
    // Other programs of this host start and end too, and one of theirs may be what was lost: so at most, and none for none.
    assert.ok(withoutExec <= lostExecs, `${withoutExec} execs are missing, gaps tell of ${lostExecs}`);
    assert.ok(withoutExit <= lostExits, `${withoutExit} exits are missing, gaps tell of ${lostExits}`);
    assert.equal((await spoor(['verify', '--state', state])).code, 0);
  },
);
