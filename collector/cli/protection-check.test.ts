import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningProcess, SensorTier } from '../../sensors/sensor.ts';
import { checkProtection } from './protection-check.ts';

/** @param missing what it cannot refuse; undefined when nothing can be */
function sensorOf(tier: SensorTier, tierReason: string, missing: readonly string[] | undefined) {
  return {
    facts: { name: 'linux', tier, tierReason, bootId: '' },
    running: () => [{ process: { pid: process.pid, startNs: 1n } } as RunningProcess],
    guard: () => missing,
  };
}

const LSM = sensorOf('lsm', 'the kernel took a BPF trampoline', []);
const TRACEPOINT = sensorOf('tracepoint', 'trampolines are refused: EPERM', undefined);

for (const [title, sensor, protect, file, acts, detail] of [
  [
    'tier lsm refuses, by default',
    LSM,
    'refuse',
    '',
    'refused',
    'what a session does to the service is refused (tier lsm, protect: refuse)',
  ],
  [
    'what a kernel cannot refuse is named',
    sensorOf('lsm', '', ['lsm_guard_mount']),
    'refuse',
    '/etc/spoor/spoor.yml',
    'refused',
    'what a session does to the service is refused (tier lsm, protect: refuse in /etc/spoor/spoor.yml); reported only: lsm_guard_mount',
  ],
  [
    'the settings can have it reported where it could be refused',
    LSM,
    'report',
    '/etc/spoor/spoor.yml',
    'reported',
    'what a session does to the service is reported and not refused: protect: report in /etc/spoor/spoor.yml; tier lsm could refuse it',
  ],
  [
    'tier tracepoint cannot refuse, and why it is that tier is said',
    TRACEPOINT,
    'refuse',
    '',
    'reported',
    'what a session does to the service is reported and not refused: tier tracepoint cannot refuse (trampolines are refused: EPERM)',
  ],
] as const)
  test(title, () => {
    assert.deepEqual(checkProtection(sensor, protect, file), {
      acts,
      check: { subject: 'protect', state: acts === 'refused' ? 'good' : 'not_yet', detail },
    });
  });
