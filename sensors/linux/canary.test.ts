import assert from 'node:assert/strict';
import { release } from 'node:os';
import { type TestContext, test } from 'node:test';
import { needsSensor } from '../../test/programs/session.ts';
import type { SensorEvent } from '../event.ts';
import type { SensorTier, Sight } from '../sensor.ts';
import { CANARY_SESSION, FAMILIES } from './canary.ts';
import { openLinuxSensor } from './sensor.ts';

interface Looked {
  readonly sights: readonly Sight[];
  /** What a collector was given meanwhile. */
  readonly told: readonly SensorEvent[];
  readonly tier: SensorTier;
}

async function look(t: TestContext, without: readonly string[] = []): Promise<Looked> {
  const told: SensorEvent[] = [];
  const sensor = openLinuxSensor({ without });
  t.after(() => sensor.stop());
  sensor.start((batch) => {
    for (const event of batch) told.push(event);
  });
  return { sights: await sensor.look(), told, tier: sensor.facts.tier };
}

function namesIn(sights: readonly Sight[], state: Sight['state']): string[] {
  return sights.filter((sight) => sight.state === state).map(({ family }) => family);
}

test('every family of hooks is seen, and nothing a canary does is told', needsSensor, async (t) => {
  const { sights, told } = await look(t);
  assert.deepEqual(
    sights.filter(({ state }) => state !== 'seen'),
    [],
  );
  assert.deepEqual(
    sights.map(({ family }) => family),
    FAMILIES.map(({ name }) => name),
  );
  for (const event of told) {
    if (event.kind === 'sensor.gap') continue;
    assert.notEqual(event.session, CANARY_SESSION, event.kind);
    if (event.kind === 'process.exec') assert.doesNotMatch(event.calledPath.toString(), /spoor-canary/);
  }
});

/** From 6.16 the tracepoint says which thread was the last (bpf/process_exit.h). */
const [major = 0, minor = 0] = release().split('.').map(Number);
const EXIT = major > 6 || (major === 6 && minor >= 16) ? 'both_exit_said' : 'both_exit_raced';

/** Programs, and what cannot be seen when one of them is off its hook. */
const BLINDED: readonly (readonly [program: string, families: readonly string[]])[] = [
  ['both_newtask', ['process.fork', 'process.exec']], // its child is nobody's then
  ['both_exec', ['process.exec']],
  [EXIT, ['process.exit', 'file.close']], // the sums of a file in memory are told at the end, where no hook sees its close
  ['both_signal', ['security.signal']],
  ['both_packet_out', ['tls.hello']],
  ['both_packet_in', ['dns.query']],
];

for (const [program, families] of BLINDED)
  test(`without ${program} the families it serves are blind, and no others`, needsSensor, async (t) => {
    const { sights, tier } = await look(t, [program]);
    const expected = families.filter((family) => tier !== 'lsm' || family !== 'file.close');
    assert.deepEqual(namesIn(sights, 'blind'), expected);
  });

test(
  'a second look while a canary is out gives the same answer, and sends no other',
  needsSensor,
  async (t) => {
    const sensor = openLinuxSensor();
    t.after(() => sensor.stop());
    sensor.start(() => {});
    const [first, second] = await Promise.all([sensor.look(), sensor.look()]);
    assert.equal(first, second);
  },
);
