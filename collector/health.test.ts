import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { openLinuxSensor } from '../sensors/linux/sensor.ts';
import { emptyFolder } from '../test/at-end.ts';
import { needsSensor, watch } from '../test/programs/session.ts';
import type { Attributes } from './event.ts';
import { createHealth, type Health } from './health.ts';

interface Told {
  readonly attributes: Attributes;
  readonly severity: number;
}

function healthOf(sensor: ReturnType<typeof openLinuxSensor>): { health: Health; told: Told[] } {
  const told: Told[] = [];
  const health = createHealth({
    sensor,
    more: () => ({}),
    tell: (attributes, severity) => told.push({ attributes, severity }),
  });
  return { health, told };
}

function changes(told: readonly Told[]): unknown[] {
  return told.map(({ attributes }) => attributes['spoor.health.change']);
}

/** The kernel's number of the link by which this process has hooked up a program (proc(5), fdinfo). */
function linkOf(program: string): string {
  for (const descriptor of readdirSync('/proc/self/fdinfo')) {
    let about: string;
    try {
      about = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    } catch {
      continue; // the descriptor that the listing itself had
    }
    const link = /^link_id:\s+(\d+)/m.exec(about)?.[1];
    const id = /^prog_id:\s+(\d+)/m.exec(about)?.[1];
    if (!link || !id) continue;
    const { name } = JSON.parse(
      execFileSync('bpftool', ['-j', 'prog', 'show', 'id', id], { encoding: 'utf8' }),
    );
    // The kernel keeps 15 bytes of a name.
    if (program.startsWith(name)) return link;
  }
  throw new Error(`this process has hooked up no ${program}`);
}

async function startedSensor(t: TestContext) {
  const sensor = openLinuxSensor();
  t.after(() => sensor.stop());
  sensor.start(() => {});
  return sensor;
}

test(
  'a hook that another takes away from a running sensor is told as blind, with its family and the mend',
  needsSensor,
  async (t) => {
    const { health, told } = healthOf(await startedSensor(t));
    await health.look();
    assert.deepEqual(changes(told), []);
    execFileSync('bpftool', ['link', 'detach', 'id', linkOf('both_packet_out')]);
    await health.look();
    assert.deepEqual(changes(told), ['blind: tls.hello']);
    assert.match(String(told[0]?.attributes['spoor.health.reason']), /cgroup_skb\/egress.*spoor doctor/);
    assert.deepEqual(told[0]?.attributes['spoor.health.blind'], ['tls.hello']);
    assert.equal(told[0]?.severity, 17);
    // Told once, and in each minute's event for as long as it lasts.
    await health.look();
    assert.equal(told.length, 1);
    await health.stop(async () => {});
    assert.deepEqual(told.at(-1)?.attributes['spoor.health.blind'], ['tls.hello']);
  },
);

test('a family that is seen again is told as seeing', needsSensor, async (t) => {
  const blind = openLinuxSensor({ without: ['both_signal'] });
  const whole = await startedSensor(t);
  t.after(() => blind.stop());
  blind.start(() => {});
  let current = blind;
  const { health, told } = healthOf({ ...whole, counts: () => current.counts(), look: () => current.look() });
  await health.look();
  current = whole;
  await health.look();
  assert.deepEqual(changes(told), ['blind: security.signal', 'seeing: security.signal']);
  assert.equal(told.at(-1)?.attributes['spoor.health.blind'], undefined);
});

test(
  'an overload is told as it begins and as it is over, with how many events were lost and for how long',
  needsSensor,
  async (t) => {
    const { events, sensor } = await watch(t, 'overload', [emptyFolder(t), '50000', '0', '0', '0', '/none'], {
      ringBytes: 1024 * 1024,
      deafReceiver: true,
    });
    const { health, told } = healthOf(sensor);
    let lost = 0n;
    for (const event of events)
      if (event.kind === 'sensor.gap') {
        health.lost(event.count);
        lost += event.count;
      }
    assert.ok(lost > 0n, 'nothing was lost: the overload was none');
    await health.stop(async () => {});
    assert.deepEqual(changes(told), ['overloaded', 'recovered', undefined]);
    assert.match(String(told[1]?.attributes['spoor.health.reason']), new RegExp(`^${lost} events were lost`));
    const hooks = told[1]?.attributes['spoor.health.hooks'] as readonly string[];
    const said = hooks.flatMap((line) => [...line.matchAll(/(?:shed|ring_full|unreadable) (\d+)/g)]);
    assert.equal(
      said.reduce((sum, match) => sum + BigInt(match[1] as string), 0n),
      lost,
    );
  },
);
