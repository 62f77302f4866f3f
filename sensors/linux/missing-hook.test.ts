import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyFolder, needsSensor } from '../../test/programs/session.ts';
import { coverageOf } from './coverage.ts';
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

test(
  'without tp_btf/signal_generate the sensor starts, and says that signals are not seen',
  needsSensor,
  async (t) => {
    const native = loadNative();
    const tier = tierHere();
    const handle = native.open(without(t, 'tp_btf/signal_generate'), tier, RING_BYTES);
    t.after(() => native.close(handle));
    const missing = native.missing(handle);
    assert.equal(missing.both_signal, 0);
    const signals = coverageOf({ tier, tierReason: '', missing }).find(
      ({ subject }) => subject === 'security.signal',
    );
    assert.equal(signals?.state, 'not_seen');
    assert.match(signals?.reason ?? '', /both_signal/);
    const whole = openLinuxSensor();
    t.after(() => whole.stop());
    assert.ok(!whole.coverage().some(({ subject }) => subject === 'security.signal'));
  },
);
