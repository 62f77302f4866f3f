import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { lostOf, needsSensor, ofKind, PROGRAMS, SESSION, watch } from '../../test/programs/session.ts';

interface Tree {
  readonly processes: readonly { how: string; pid: number }[];
}

test('a tree made in every way there is stays one session', needsSensor, async (t) => {
  const { truth, ofSession, rootPid, sensor } = await watch<Tree>(t, 'tree');
  const forked = new Set(ofKind(ofSession, 'process.fork').map(({ process }) => process.pid));
  const ended = new Set(ofKind(ofSession, 'process.exit').map(({ process }) => process.pid));
  for (const { how, pid } of truth.processes) {
    if (pid !== rootPid) assert.ok(forked.has(pid), `${how}: process ${pid} began outside the session`);
    assert.ok(ended.has(pid), `${how}: process ${pid} ended outside the session`);
  }
  assert.equal(lostOf(sensor), 0n);
});

test('under CLONE_PARENT the creator is who called clone, not the parent', needsSensor, async (t) => {
  const { truth, ofSession } = await watch<Tree>(t, 'tree');
  const pidOf = (how: string) => truth.processes.find((process) => process.how === how)?.pid;
  const fork = ofKind(ofSession, 'process.fork').find(({ process }) => process.pid === pidOf('CLONE_PARENT'));
  assert.equal(fork?.creator.pid, pidOf('fork, maker by CLONE_PARENT'));
});

test('nothing a process outside the session does is of the session', needsSensor, async (t) => {
  let outside: number | undefined;
  const { ofSession, events } = await watch<Tree>(t, 'tree', [], {
    meanwhile() {
      outside = spawn(join(PROGRAMS, 'spawn'), ['1000000'], {
        stdio: 'ignore',
      }).pid;
      t.after(() => outside && process.kill(outside));
    },
  });
  const family = new Set([outside]);
  for (const event of ofKind(events, 'process.exec'))
    if (family.has(event.parent.pid)) family.add(event.process.pid);
  assert.ok(family.size > 1, 'the outside process did nothing while the session ran');
  assert.deepEqual(
    ofSession.filter((event) => 'process' in event && family.has(event.process.pid)),
    [],
  );
});

test(
  'a process outside every session sends its exec and its exit, and nothing else',
  needsSensor,
  async (t) => {
    const { events } = await watch<Tree>(t, 'tree', [], {
      meanwhile() {
        const outside = spawn('/bin/cat', ['/etc/hostname'], { stdio: 'ignore' });
        outside.unref();
      },
    });
    const kinds = new Set(
      events.flatMap((event) => (event.kind !== 'sensor.gap' && event.session === 0 ? [event.kind] : [])),
    );
    for (const kind of kinds)
      assert.ok(['process.existing', 'process.exec', 'process.exit'].includes(kind), kind);
  },
);

test('ended processes are no members of their session', needsSensor, async (t) => {
  const { sensor } = await watch<Tree>(t, 'tree');
  assert.deepEqual(sensor.members(SESSION), []);
});

interface Spawned {
  readonly pids: readonly number[];
}

test(
  '10,000 short processes: exec and exit of each, with its code, or a gap that says how many',
  needsSensor,
  async (t) => {
    const { truth, ofSession, events, sensor } = await watch<Spawned>(t, 'spawn', ['10000']);
    assert.equal(truth.pids.length, 10_000);
    const execs = ofKind(ofSession, 'process.exec').filter(({ args }) => args[1]?.toString() === 'end');
    const exits = ofKind(ofSession, 'process.exit').slice(0, -1); // the last is the root's own
    const gaps = ofKind(events, 'sensor.gap');
    const missing = (kind: string) =>
      gaps.filter(({ lost }) => lost === kind).reduce((sum, { count }) => sum + Number(count), 0);
    assert.equal(execs.length + missing('process.exec'), 10_000);
    assert.equal(exits.length + missing('process.exit'), 10_000);
    const codes = new Map(exits.map((exit) => [exit.process.pid, exit.exitCode]));
    if (lostOf(sensor) === 0n)
      assert.deepEqual(
        truth.pids.map((pid) => codes.get(pid)),
        truth.pids.map((_, index) => index % 100),
      );
  },
);

test(
  'with a ring too small for the load, what is missing is exactly what the gaps say',
  needsSensor,
  async (t) => {
    const { truth, ofSession, events, sensor } = await watch<Spawned>(t, 'spawn', ['500'], {
      ringBytes: 16_384,
      deafReceiver: true,
    });
    const execs = ofKind(ofSession, 'process.exec').filter(
      ({ args }) => args[1]?.toString() === 'end',
    ).length;
    const gaps = ofKind(events, 'sensor.gap').filter(({ lost }) => lost === 'process.exec');
    const told = gaps.reduce((sum, { count }) => sum + count, 0n);
    assert.equal(told, lostOf(sensor, 'process.exec'));
    assert.ok(told > 0n, 'nothing was lost: the ring was not too small');
    // Every other process of the host runs through the same ring: what is missing of ours is at most what was lost.
    const missing = truth.pids.length - execs;
    assert.ok(
      missing >= 0 && BigInt(missing) <= told,
      `${missing} of ours are missing, ${told} were lost in all`,
    );
  },
);

test(
  'seen and lost of each kind add up to what the receiver was given and what the gaps say',
  needsSensor,
  async (t) => {
    const { events, sensor } = await watch<Spawned>(t, 'spawn', ['500'], {
      ringBytes: 65_536,
      deafReceiver: true,
    });
    await sensor.stop();
    // Of the kinds that are named by one event only.
    const kinds = ['process.fork', 'process.exec', 'process.exit', 'file.open', 'file.close'];
    const given = new Map<string, bigint>();
    const said = new Map<string, bigint>();
    const add = (to: Map<string, bigint>, kind: string, count: bigint) =>
      to.set(kind, (to.get(kind) ?? 0n) + count);
    for (const event of events)
      if (event.kind === 'sensor.gap' && kinds.includes(event.lost)) add(said, event.lost, event.count);
      else if (kinds.includes(event.kind)) add(given, event.kind, 1n);
    const seen = new Map<string, bigint>();
    const lost = new Map<string, bigint>();
    for (const count of sensor.counts()) {
      if (!kinds.includes(count.kind)) continue;
      if (count.seen) add(seen, count.kind, count.seen);
      if (count.lost) add(lost, count.kind, count.lost);
    }
    assert.deepEqual(given, seen);
    assert.deepEqual(said, lost);
  },
);

interface Called {
  readonly pid: number;
  readonly count: number;
  readonly total: number;
}

for (const [number, bytes] of [
  [3000, 8],
  [1, 100_000],
  [2, 10],
] as const)
  test(
    `${number} arguments of ${bytes} bytes: counted, and cut in the middle where they are too long`,
    needsSensor,
    async (t) => {
      const { truth, ofSession } = await watch<Called>(t, 'arguments', [String(number), String(bytes)]);
      const exec = ofKind(ofSession, 'process.exec').find(({ process }) => process.pid === truth.pid);
      assert.ok(exec);
      assert.equal(exec.argsCount, truth.count);
      assert.equal(exec.args[0]?.toString(), 'true');
      assert.equal(exec.args.at(-1)?.toString(), 'last');
      assert.deepEqual(exec.cut, truth.total > 32_768 ? ['args'] : []);
      if (truth.total <= 32_768) assert.equal(exec.args.length, truth.count);
    },
  );

test('an exec says who ran what from where', needsSensor, async (t) => {
  const { ofSession, rootPid } = await watch<Spawned>(t, 'spawn', ['1']);
  const exec = ofKind(ofSession, 'process.exec').find(({ args }) => args[1]?.toString() === '1');
  assert.ok(exec);
  assert.equal(exec.process.pid, rootPid);
  assert.equal(exec.parent.pid, process.pid);
  assert.equal(exec.executable.toString(), exec.calledPath.toString());
  assert.equal(basename(exec.executable.toString()), 'spawn');
  assert.equal(exec.workingDirectory.toString(), process.cwd());
  assert.deepEqual(exec.credentials, { uid: 0, euid: 0, gid: 0, egid: 0 });
  assert.equal(exec.executableDeleted, false);
});

test(
  'a process that was there before the sensor is told with its parent, arguments and directory',
  needsSensor,
  async (t) => {
    const { events } = await watch<Spawned>(t, 'spawn', ['1']);
    const self = ofKind(events, 'process.existing').find((existing) => existing.process.pid === process.pid);
    assert.ok(self);
    assert.equal(self.parent.pid, process.ppid);
    assert.equal(self.args[0]?.toString(), process.argv0);
    assert.equal(self.workingDirectory.toString(), process.cwd());
  },
);
