/** `spoor doctor`: what this host can and cannot see, found out by trying, and what to do about it. */

import { existsSync } from 'node:fs';
import { arch, release } from 'node:os';
import { openLinuxSensor } from '../../sensors/linux/sensor.ts';
import { type Coverage, type Sensor, SensorError, type Sight } from '../../sensors/sensor.ts';
import { HANDOVER_COVERAGE } from '../attribute/coverage.ts';
import {
  type Configuration,
  DEFAULT_FILE,
  defaultConfiguration,
  readConfiguration,
} from '../configuration/configuration.ts';
import { livingWriter } from '../log/lock.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { explain } from './failure.ts';
import { type Check, hostChecks } from './host-checks.ts';
import { checkProtection, type Protection } from './protection-check.ts';
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
  /** What becomes of a session's acts on the service; null when the sensor cannot be loaded. */
  readonly acts_on_service: 'refused' | 'reported' | null;
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
  const settings = readSettings();
  const { protect, sensor } = settings.configuration;
  const { checks, sights, coverage, acts } = await trySensor(protect, settings.file);
  return {
    checks: [system, ...hostChecks(sensor.keep), ...settings.checks, ...checks, checkState(state)],
    sights,
    coverage,
    acts_on_service: acts,
  };
}

interface Settings {
  readonly configuration: Configuration;
  /** Empty where there is none. */
  readonly file: string;
  readonly checks: readonly Check[];
}

/** Those of the service where it is installed; with a mistake in them it has the last good ones, and we the defaults. */
function readSettings(): Settings {
  if (!existsSync(DEFAULT_FILE)) return { configuration: defaultConfiguration(), file: '', checks: [] };
  try {
    return { configuration: readConfiguration(DEFAULT_FILE), file: DEFAULT_FILE, checks: [] };
  } catch (error) {
    const check: Check = { subject: 'settings', state: 'bad', detail: explain(error).text };
    return { configuration: defaultConfiguration(), file: '', checks: [check] };
  }
}

interface Tried {
  readonly checks: readonly Check[];
  readonly sights: readonly Sight[];
  readonly coverage: readonly Coverage[];
  readonly acts: Protection['acts'] | null;
}

/** Configuration files and capabilities say little of what really works, so everything is loaded, done and looked for. */
async function trySensor(protect: Configuration['protect'], file: string): Promise<Tried> {
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
    const { acts, check } = checkProtection(sensor, protect, file);
    const loads: Check = { subject, state: 'good', detail: `${name} loads, tier ${tier}` };
    return { checks: [loads, check], sights, coverage, acts };
  } catch (error) {
    if (!(error instanceof SensorError)) throw error;
    const check: Check = { subject, state: 'bad', detail: error.message };
    return { checks: [check], sights: [], coverage: [], acts: null };
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
      'One act of each kind was done, and its event looked for. Watching stops none of them.',
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
