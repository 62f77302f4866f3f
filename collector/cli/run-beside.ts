/**
 * `spoor run` beside a running service: the service's sensor watches the session and its log holds it
 * (collector/service/watch-request.ts). COMMAND runs as our child all the same, and notices nothing.
 */

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { launcherPath } from '../../sensors/linux/native.ts';
import { type Asking, askService, ServiceError } from '../service/ask.ts';
import type { AgentIdentity } from '../session/session.ts';
import { Failure } from './failure.ts';
import { type Launched, launch } from './launch.ts';
import type { RunOptions } from './run-options.ts';
import { defaultStateDirectory } from './state.ts';
import { paint, printable, wantsColour, writeAll } from './terminal.ts';

const STDERR = 2;
/** Where the service listens when its configuration says nothing else; for users who cannot read its state folder. */
const DEFAULT_CONTROL = '/run/spoor/control.sock';
/** Everything of the session must be hashed and sealed before its report; the service gives up hashes after 5 s. */
const REPORT_PATIENCE_MS = 30_000;

/** The service that writes this state folder; undefined when none runs. */
export async function serviceBeside(state: string): Promise<Asking | undefined> {
  const control = controlOf(state);
  return control === undefined ? undefined : await askService(control);
}

function controlOf(state: string): string | undefined {
  try {
    const { control } = JSON.parse(readFileSync(join(resolve(state), 'service.json'), 'utf8')) as {
      control?: unknown;
    };
    return typeof control === 'string' ? control : undefined;
  } catch {
    // No service ever wrote here, or the folder is another user's. Who named no folder means the host's service.
    return process.geteuid?.() !== 0 && resolve(state) === defaultStateDirectory()
      ? DEFAULT_CONTROL
      : undefined;
  }
}

/** @returns COMMAND's exit code, or 128 and the number of the signal that ended it */
export async function runBeside(
  service: Asking,
  command: readonly string[],
  agent: AgentIdentity,
  options: RunOptions,
): Promise<number> {
  try {
    refuseWhatIsNotOurs(options);
    const launched: Launched = await launch(launcherPath(), command);
    try {
      await service.ask({ ask: 'watch', pid: launched.pid, agent });
    } catch (error) {
      // What was never released has not run one instruction of COMMAND.
      process.kill(launched.pid, 'SIGKILL');
      throw error;
    }
    launched.release();
    const exitCode = await launched.ended;
    writeAll(STDERR, await endingOf(service, exitCode, options));
    return exitCode;
  } finally {
    service.close();
  }
}

function refuseWhatIsNotOurs({ otlp, record }: RunOptions): void {
  const option = otlp !== undefined ? '--otlp' : record !== undefined ? '--record' : undefined;
  if (option)
    throw new Failure(
      2,
      `${option} cannot be used while a service watches this host: it keeps the log; leave it out, or name another folder by --state`,
    );
}

/** COMMAND has ended: nothing here may change its exit code, so what goes wrong is told and not thrown. */
async function endingOf(service: Asking, exitCode: number, { report: form }: RunOptions): Promise<string> {
  const isColoured = form === 'text' && wantsColour(STDERR);
  const colours = paint(isColoured ? 'colour' : 'plain');
  try {
    const { report, remaining, log } = await service.ask(
      { ask: 'ended', exit_code: exitCode, form, colour: isColoured },
      REPORT_PATIENCE_MS,
    );
    if (form === 'json') return `${report ?? 'null'}\n`;
    const lines = [
      typeof report === 'string' ? report.trimEnd() : 'spoor: no program of the session was seen',
    ];
    if (Number(remaining) > 0)
      lines.push(`  still runs ${remaining} of its processes, which the service goes on watching`);
    lines.push(`  log        ${printable(String(log))}  (kept by the service)`);
    return `\n${lines.join('\n')}\n`;
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return colours.red(`spoor: no report: ${printable(error.message)}\n`);
  }
}
