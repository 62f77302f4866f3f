import assert from 'node:assert/strict';
import { release } from 'node:os';
import { type TestContext, test } from 'node:test';
import { needsSensor } from '../../test/programs/session.ts';
import type { SensorEvent } from '../event.ts';
import type { SensorTier, Sight } from '../sensor.ts';
import { CANARY_HOST, CANARY_SESSION, FAMILIES, NAMED_HOST } from './canary.ts';
import { openLinuxSensor } from './sensor.ts';

interface Looked {
  readonly sights: readonly Sight[];
  /** What a collector was given meanwhile. */
  readonly told: readonly SensorEvent[];
  readonly tier: SensorTier;
}

interface Circumstances {
  /** Programs that are off their hooks. */
  readonly without?: readonly string[];
  /** Those the kernel looks out for. */
  readonly hosts?: readonly string[];
}

async function look(t: TestContext, { without = [], hosts = [] }: Circumstances = {}): Promise<Looked> {
  const told: SensorEvent[] = [];
  const sensor = openLinuxSensor({ without });
  t.after(() => sensor.stop());
  sensor.tellCallersOf(hosts);
  sensor.start((batch) => {
    for (const event of batch) told.push(event);
  });
  return { sights: await sensor.look(), told, tier: sensor.facts.tier };
}

function namesIn(sights: readonly Sight[], state: Sight['state']): string[] {
  return sights.filter((sight) => sight.state === state).map(({ family }) => family);
}

test('every family of hooks is seen, and nothing a canary does is told', needsSensor, async (t) => {
  const { sights, told } = await look(t, { hosts: ['model.invalid'] });
  assert.deepEqual(
    sights.filter(({ state }) => state !== 'seen'),
    [],
  );
  assert.deepEqual(
    sights.map(({ family }) => family),
    [...FAMILIES, NAMED_HOST].map(({ name }) => name),
  );
  for (const event of told) {
    if (event.kind === 'sensor.gap') continue;
    assert.notEqual(event.session, CANARY_SESSION, event.kind);
    if (event.kind === 'dns.query') assert.notEqual(event.question, CANARY_HOST);
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
  ['both_packet_named', ['named_host']],
];

for (const [program, families] of BLINDED)
  test(`without ${program} the families it serves are blind, and no others`, needsSensor, async (t) => {
    const { sights, tier } = await look(t, { without: [program], hosts: ['model.invalid'] });
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

test('where the kernel looks out for no host, none is asked for', needsSensor, async (t) => {
  const { sights } = await look(t);
  assert.ok(!sights.some(({ family }) => family === NAMED_HOST.name));
});
