import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import {
  lostOf,
  needsSensor,
  ofKind,
  type Watched,
  type WatchOptions,
  watch,
} from '../../test/programs/session.ts';
import { canaryPath } from './native.ts';

interface Overload {
  readonly opens: number;
  readonly execs: number;
  readonly connects: number;
  readonly marks: number;
  readonly overNs: string;
}

/** Ring of the tests: the flood has four times the records that it holds. */
const RING_BYTES = 1024 * 1024;
const OPENS = 50_000;
const EXECS = 100;
const CONNECTS = 200;

async function overload(
  t: TestContext,
  { opens, marks }: { readonly opens: number; readonly marks: number },
  options: WatchOptions = {},
): Promise<Watched<Overload>> {
  const args = [emptyFolder(t), ...[opens, EXECS, CONNECTS, marks].map(String), canaryPath()];
  return watch<Overload>(t, 'overload', args, { ringBytes: RING_BYTES, ...options });
}

function countOf({ ofSession, events }: Watched<Overload>, kind: 'file.open' | 'process.exec') {
  const gaps = ofKind(events, 'sensor.gap').filter(({ lost }) => lost === kind);
  return {
    told: ofKind(ofSession, kind).length,
    lost: Number(gaps.reduce((sum, { count }) => sum + count, 0n)),
    causes: new Set(gaps.map(({ cause }) => cause)),
  };
}

test(
  'a flood of opens that nobody reads takes no exec, exit, fork or connect with it, and each open is told or counted',
  needsSensor,
  async (t) => {
    const quiet = countOf(await overload(t, { opens: 0, marks: 0 }), 'file.open');
    assert.equal(quiet.lost, 0);
    const flooded = await overload(t, { opens: OPENS, marks: 0 }, { deafReceiver: true });

    const { ofSession, sensor } = flooded;
    assert.equal(lostOf(sensor, 'process.exec', 'process.exit', 'process.fork', 'network.connect'), 0n);
    const started = ofKind(ofSession, 'process.exec').filter(({ args }) => args[1]?.toString() === '--exit');
    assert.equal(started.length, EXECS);
    assert.equal(ofKind(ofSession, 'process.exit').length, EXECS + 1);
    assert.equal(ofKind(ofSession, 'network.connect').length, CONNECTS);

    const opens = countOf(flooded, 'file.open');
    assert.ok(opens.lost > 0, 'nothing was lost: the flood was none');
    assert.equal(opens.told + opens.lost, quiet.told + OPENS);
    assert.deepEqual(opens.causes, new Set(['shed']));
  },
);

/** Events of a kind by the hook that saw them: what the counters say, and what was told of their loss. */
function atHook({ sensor, events }: Watched<Overload>, hook: string, kind: string) {
  const counts = sensor.counts().filter((count) => count.hook === hook && count.kind === kind);
  const gaps = ofKind(events, 'sensor.gap').filter((gap) => gap.hook === hook && gap.lost === kind);
  return {
    seen: Number(counts.reduce((sum, { seen }) => sum + seen, 0n)),
    lost: Number(counts.reduce((sum, { lost }) => sum + lost, 0n)),
    told: Number(gaps.reduce((sum, { count }) => sum + count, 0n)),
  };
}

test('for each hook what it saw and what was lost there add up to what happened', needsSensor, async (t) => {
  const quiet = await overload(t, { opens: 0, marks: 0 });
  const openHook = quiet.sensor.facts.tier === 'lsm' ? 'fexit/do_filp_open' : 'tp_btf/sys_exit';
  const before = atHook(quiet, openHook, 'file.open');
  const flooded = await overload(t, { opens: OPENS, marks: 0 }, { deafReceiver: true });

  const opens = atHook(flooded, openHook, 'file.open');
  assert.ok(opens.lost > 0, 'nothing was lost: the flood was none');
  assert.equal(opens.seen + opens.lost, before.seen + OPENS);
  assert.equal(opens.told, opens.lost);
  // One kind, two hooks: who waits is seen as the socket changes its state, who takes as accept() returns.
  const sockets = (hook: string) => {
    const { seen, lost, told } = atHook(flooded, hook, 'network.socket');
    assert.equal(told, lost);
    return seen + lost;
  };
  assert.equal(sockets('tp_btf/inet_sock_set_state'), 1);
  assert.equal(sockets('tp_btf/sys_exit'), CONNECTS);
  const connects = atHook(flooded, 'tp_btf/inet_sock_set_state', 'network.connect');
  assert.equal(connects.seen + connects.lost, CONNECTS);
  const forks = atHook(flooded, 'tp_btf/task_newtask', 'process.fork');
  assert.equal(forks.seen + forks.lost, EXECS);
  for (const { hook, kind } of flooded.sensor.counts()) {
    const { lost, told } = atHook(flooded, hook, kind);
    assert.equal(told, lost, `${kind} at ${hook}`);
  }
});

test(
  'after an overload the sensor tells everything again, from at most 5 s after its end',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const MARKS = 60;
    const args = [folder, ...[OPENS, EXECS, CONNECTS, MARKS].map(String), canaryPath()];
    const flooded = await watch<Overload>(t, 'overload', args, {
      ringBytes: RING_BYTES,
      slowUntil: () => existsSync(join(folder, 'over')),
    });
    assert.ok(lostOf(flooded.sensor, 'file.open') > 0n, 'nothing was lost: the overload was none');
    const overNs = BigInt(flooded.truth.overNs);
    const marks = ofKind(flooded.ofSession, 'file.open').filter(({ path }) =>
      path.toString('latin1').startsWith(`${folder}/mark-`),
    );
    const first = marks[0];
    assert.ok(first, 'no open after the overload was told');
    const numbers = marks.map(({ path }) => Number(path.toString('latin1').split('-').at(-1)));
    const [from = MARKS] = numbers;
    assert.deepEqual(
      numbers,
      Array.from({ length: MARKS - from }, (_, index) => from + index),
      'after the first open that was told again, others were not',
    );
    const recoveryMs = Number(first.bootNs - overNs) / 1e6;
    t.diagnostic(`recovered ${recoveryMs.toFixed(0)} ms after the overload's end`);
    assert.ok(recoveryMs < 5_000, `recovered only after ${recoveryMs} ms`);
  },
);
