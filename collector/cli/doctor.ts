/** `spoor doctor`: what this host can and cannot see, found out by trying, and what to do about it. */

import { existsSync } from 'node:fs';
import { arch, release } from 'node:os';
import { openLinuxSensor } from '../../sensors/linux/sensor.ts';
import { type Coverage, type Sensor, SensorError, type Sight } from '../../sensors/sensor.ts';
import { HANDOVER_COVERAGE } from '../attribute/coverage.ts';
import { livingWriter } from '../log/lock.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { explain } from './failure.ts';
import { type Check, hostChecks } from './host-checks.ts';
import { readState } from './state.ts';
import { type Paint, paint, printable, wantsColour, writeAll } from './terminal.ts';
import { version } from './version.ts';

const STDOUT = 1;

interface Diagnosis {
  readonly checks: readonly Check[];
  /** One act for each family of hooks, and whether it was seen. Empty when the sensor cannot be loaded. */
  readonly sights: readonly Sight[];
  /** Empty when the sensor cannot be loaded. */
  readonly coverage: readonly Coverage[];
  /** Spoor refuses nothing, on any tier. */
  readonly can_stop: false;
}

/** @returns the exit code: 0 when everything is seen, 1 when something is not, 3 when this host cannot be watched */
export async function printDiagnosis(state: string, form: 'json' | 'text'): Promise<number> {
  const diagnosis = await diagnose(state);
  const colours = paint(wantsColour(STDOUT) ? 'colour' : 'plain');
  writeAll(STDOUT, form === 'json' ? `${JSON.stringify(diagnosis)}\n` : diagnosisText(diagnosis, colours));
  if (diagnosis.sights.length === 0) return 3;
  return diagnosis.sights.every(({ state: found }) => found === 'seen') ? 0 : 1;
}

async function diagnose(state: string): Promise<Diagnosis> {
  const system: Check = {
    subject: 'system',
    state: 'good',
    detail: `Linux ${release()} ${arch()}, Node ${process.versions.node}, Spoor ${version}`,
  };
  const { check, sights, coverage } = await trySensor();
  return {
    checks: [system, ...hostChecks(), check, checkState(state)],
    sights,
    coverage,
    can_stop: false,
  };
}

interface Tried {
  readonly check: Check;
  readonly sights: readonly Sight[];
  readonly coverage: readonly Coverage[];
}

/** Configuration files and capabilities say little of what really works, so everything is loaded, done and looked for. */
async function trySensor(): Promise<Tried> {
  const subject = 'sensor';
  let sensor: Sensor | undefined;
  try {
    sensor = openLinuxSensor();
    // Any host: what looks out for hosts is tried only where there is one.
    sensor.tellCallersOf(['host.invalid']);
    sensor.start(() => {});
    const { name, tier } = sensor.facts;
    const coverage = [...sensor.coverage(), ...HANDOVER_COVERAGE];
    const sights = await sensor.look();
    return { check: { subject, state: 'good', detail: `${name} loads, tier ${tier}` }, sights, coverage };
  } catch (error) {
    if (!(error instanceof SensorError)) throw error;
    return { check: { subject, state: 'bad', detail: error.message }, sights: [], coverage: [] };
  } finally {
    await sensor?.stop();
  }
}

function checkState(path: string): Check {
  const subject = 'state';
  if (!existsSync(path))
    return { subject, state: 'not_yet', detail: `${path} will be made at the first spoor run` };
  try {
    const folder = readState(path);
    openHostKeyIfThere(folder.keyDirectory);
    const writer = existsSync(folder.logDirectory) ? livingWriter(folder.logDirectory) : undefined;
    const use = writer ? `written by process ${writer.pid} (${writer.command})` : 'not in use';
    return { subject, state: 'good', detail: `${folder.directory}, ${use}` };
  } catch (error) {
    const { text } = explain(error);
    return { subject, state: 'bad', detail: text };
  }
}

/** Looking must not make a key. */
function openHostKeyIfThere(directory: string): void {
  if (existsSync(`${directory}/host.key`)) openHostKey(directory);
}

const SIGNS = { good: 'ok', bad: 'NO', not_yet: '--' } as const;
const SEEN = { seen: 'yes', blind: 'NO', unproven: 'unproven', absent: 'no hook' } as const;

function diagnosisText({ checks, sights, coverage }: Diagnosis, colours: Paint): string {
  const lines = checks.map(({ subject, state, detail }) => {
    const sign = state === 'bad' ? colours.red(SIGNS[state]) : SIGNS[state];
    return `${sign}  ${subject.padEnd(9)} ${printable(detail)}`;
  });
  if (sights.length > 0)
    lines.push(
      '',
      'One act of each kind was done, and its event looked for. Spoor stops none of them; it watches.',
      '',
      sightLine('act', 'seen', 'hook', ''),
      ...sights.map(({ family, state, hook, reason }) => {
        const line = sightLine(family, SEEN[state], hook, printable(reason));
        return state === 'seen' ? line : state === 'blind' ? colours.red(line) : colours.yellow(line);
      }),
    );
  const limits = coverage.filter(({ state }) => state !== 'seen');
  if (limits.length > 0) lines.push('');
  for (const { subject, state, reason } of limits)
    lines.push(
      `${state === 'claimed' ? 'claimed ' : colours.yellow('not seen')}  ${subject}: ${printable(reason)}`,
    );
  return `${lines.join('\n')}\n`;
}

function sightLine(family: string, seen: string, hook: string, reason: string): string {
  return `${family.padEnd(20)} ${seen.padEnd(9)} ${hook.padEnd(32)} ${reason}`.trimEnd();
}
