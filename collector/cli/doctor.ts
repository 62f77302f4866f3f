/** `spoor doctor`: what this host can and cannot see, found out by trying, and what to do about it. */

import { existsSync } from 'node:fs';
import { arch, release } from 'node:os';
import { openLinuxSensor } from '../../sensors/linux/sensor.ts';
import { type Coverage, SensorError } from '../../sensors/sensor.ts';
import { livingWriter } from '../log/lock.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { explain } from './failure.ts';
import { readState } from './state.ts';
import { type Paint, paint, printable, wantsColour, writeAll } from './terminal.ts';
import { version } from './version.ts';

const STDOUT = 1;

interface Check {
  readonly subject: string;
  readonly state: 'good' | 'bad' | 'not_yet';
  /** What was found, and for what is bad the mend. */
  readonly detail: string;
}

interface Diagnosis {
  readonly checks: readonly Check[];
  /** Empty when the sensor cannot be loaded. */
  readonly coverage: readonly Coverage[];
}

/** @returns the exit code: 0 when this host can be watched, 3 when not */
export function printDiagnosis(state: string, form: 'json' | 'text'): number {
  const diagnosis = diagnose(state);
  const colours = paint(wantsColour(STDOUT) ? 'colour' : 'plain');
  writeAll(STDOUT, form === 'json' ? `${JSON.stringify(diagnosis)}\n` : diagnosisText(diagnosis, colours));
  return diagnosis.checks.some(({ subject, state: found }) => subject === 'sensor' && found === 'bad')
    ? 3
    : 0;
}

function diagnose(state: string): Diagnosis {
  const system: Check = {
    subject: 'system',
    state: 'good',
    detail: `Linux ${release()} ${arch()}, Node ${process.versions.node}, Spoor ${version}`,
  };
  const { check, coverage } = trySensor();
  return { checks: [system, check, checkState(state)], coverage };
}

/** Configuration files and capabilities say little of what really loads, so the programs are loaded. */
function trySensor(): { check: Check; coverage: Coverage[] } {
  try {
    const sensor = openLinuxSensor();
    const { name, tier, tierReason } = sensor.facts;
    const coverage = sensor.coverage();
    void sensor.stop();
    return {
      check: { subject: 'sensor', state: 'good', detail: `${name} loads, tier ${tier}: ${tierReason}` },
      coverage,
    };
  } catch (error) {
    if (!(error instanceof SensorError)) throw error;
    return { check: { subject: 'sensor', state: 'bad', detail: error.message }, coverage: [] };
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

function diagnosisText({ checks, coverage }: Diagnosis, colours: Paint): string {
  const lines = checks.map(({ subject, state, detail }) => {
    const sign = state === 'bad' ? colours.red(SIGNS[state]) : SIGNS[state];
    return `${sign}  ${subject.padEnd(8)} ${printable(detail)}`;
  });
  const seen = coverage.filter(({ state }) => state === 'seen');
  if (seen.length > 0) lines.push('', `seen      ${seen.map(({ subject }) => subject).join(', ')}`);
  for (const { subject, state, reason } of coverage) {
    if (state === 'seen') continue;
    lines.push(
      `${state === 'claimed' ? 'claimed ' : colours.yellow('not seen')}  ${subject}: ${printable(reason)}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
