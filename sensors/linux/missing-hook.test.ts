import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { needsSensor } from '../../test/programs/session.ts';
import type { Coverage } from '../sensor.ts';
import { type CoveredBy, coverageOf } from './coverage.ts';
import { loadNative, objectPath } from './native.ts';
import { openLinuxSensor } from './sensor.ts';

const RING_BYTES = 65_536;

/** The sensor's programs, one of which wants a hook that no kernel has. Returns their path. */
function without(t: TestContext, hook: string): string {
  const folder = emptyFolder(t);
  const built = dirname(objectPath());
  for (const name of readdirSync(built).filter((file) => file.endsWith('.bpf.o'))) {
    const object = readFileSync(join(built, name), 'latin1');
    assert.ok(object.includes(hook), `${name} has no ${hook}`);
    // As long as before: nothing else in the file moves.
    writeFileSync(join(folder, name), object.replaceAll(hook, `${hook.slice(0, -1)}0`), 'latin1');
  }
  return join(folder, 'sensor.bpf.o');
}

function tierHere(): 'lsm' | 'tracepoint' {
  return loadNative().refusal() === undefined ? 'lsm' : 'tracepoint';
}

for (const [hook, program] of [
  ['tp_btf/task_newtask', 'both_newtask'],
  ['tp_btf/sched_process_exec', 'both_exec'],
] as const)
  test(
    `without ${hook} the sensor does not start, and says which hook is missing and what for`,
    needsSensor,
    (t) => {
      const object = without(t, hook);
      assert.throws(
        () => loadNative().open(object, tierHere(), RING_BYTES),
        new RegExp(`this kernel has no ${hook.slice(0, -1)}0, without which .* \\(${program}\\)`),
      );
    },
  );

/** What the sensor says of itself where a hook cannot be had. */
function coverageWithout(t: TestContext, hook: string): Coverage[] {
  const native = loadNative();
  const tier = tierHere();
  const handle = native.open(without(t, hook), tier, RING_BYTES);
  t.after(() => native.close(handle));
  return coverageOf({ tier, tierReason: '', missing: native.missing(handle) });
}

function lineOf(coverage: readonly Coverage[], subject: string): Coverage | undefined {
  return coverage.find((line) => line.subject === subject);
}

test(
  'without tp_btf/signal_generate the sensor starts, says that signals are not seen, and that the rest of security is',
  needsSensor,
  (t) => {
    const coverage = coverageWithout(t, 'tp_btf/signal_generate');
    const signals = lineOf(coverage, 'security.signal');
    assert.equal(signals?.state, 'not_seen');
    assert.match(signals?.reason ?? '', /^this kernel has no tp_btf\/signal_generat0 \(both_signal\)$/);
    const rest = lineOf(coverage, 'security');
    assert.equal(rest?.state, 'seen');
    assert.equal(rest?.reason, 'all but security.signal');
    const whole = openLinuxSensor();
    t.after(() => whole.stop());
    assert.equal(lineOf(whole.coverage(), 'security.signal'), undefined);
    assert.equal(lineOf(whole.coverage(), 'security')?.reason, '');
  },
);

test(
  "a packet program that the kernel refuses is told with the kernel's reason, and cgroup 2 is not blamed",
  needsSensor,
  (t) => {
    const coverage = coverageWithout(t, 'cgroup_skb/egress');
    const names = lineOf(coverage, 'dns.query and tls.hello');
    assert.equal(names?.state, 'not_seen');
    assert.match(
      names?.reason ?? '',
      /^this kernel refused cgroup_skb\/egres0 \(both_packet_out\): .*\(EINVAL\)$/,
    );
    assert.deepEqual(
      coverage.filter(({ reason }) => reason.includes('cgroup 2')),
      [],
    );
    for (const subject of ['dns.query', 'tls.hello']) assert.equal(lineOf(coverage, subject), undefined);
  },
);

test('whichever program the kernel refuses, a line says what is not seen or only claimed', () => {
  const object = readFileSync(objectPath(), 'latin1');
  const programs = new Set(object.match(/(?<=\0)(both|lsm|tracepoint)_\w+(?=\0)/g));
  assert.ok(programs.size > 60, `${programs.size} programs`);
  for (const program of programs) {
    for (const tier of ['lsm', 'tracepoint'] as const) {
      const missing = { [program]: { hook: 'some/hook', errno: 1 } };
      const line = coverageOf({ tier, tierReason: '', missing }).find(({ reason }) =>
        reason.includes(program),
      );
      assert.notEqual(line?.state ?? 'seen', 'seen', program);
      assert.match(line?.reason ?? '', /\(EPERM\)$/);
    }
  }
});

test('a hook that came later is no gap where the one before it is there, and is one where neither is', () => {
  const submitted = { hook: 'tp_btf/io_uring_submit_req', errno: 0 };
  const before = { hook: 'tp_btf/io_uring_submit_sqe', errno: 0 };
  const gaps = (missing: CoveredBy['missing']) =>
    coverageOf({ tier: 'tracepoint', tierReason: '', missing }).filter(({ reason }) =>
      reason.includes('io_uring_submit'),
    );
  assert.deepEqual(gaps({ tracepoint_uring_submit: submitted }), []);
  assert.equal(gaps({ tracepoint_uring_submit: submitted, tracepoint_uring_submit_sqe: before }).length, 2);
});
