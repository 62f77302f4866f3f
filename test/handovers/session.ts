/** A session that does what it is told, a line at a time, while the test acts outside; then what the log holds of it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { SPOOR } from '../checkout.ts';
import { eventsIn, type PrintedEvent, spoor } from '../spoor.ts';

/** Runs each line of its input and says so: what follows "done" is its exit code. */
const OBEDIENT = 'while read -r line; do eval "$line"; echo "done $?"; done';

export interface SessionOptions {
  /** State folder; one of the test's own when left out. */
  readonly state?: string;
  /** Command before spoor's own, such as nsenter into what the test prepared. */
  readonly within?: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface ObedientSession {
  readonly state: string;
  /** Runs a line of shell in the session. @returns what it printed. @throws when it failed */
  does(line: string): Promise<string>;
  /** Resolves with the first event that fits, once it is in the log. */
  until(fits: (event: PrintedEvent) => boolean): Promise<PrintedEvent>;
  /** Ends the session. @returns everything in its log, and the report */
  end(): Promise<{ readonly events: PrintedEvent[]; readonly report: string }>;
}

/** Resolves when the session does as it is told. */
export async function beginSession(t: TestContext, options: SessionOptions = {}): Promise<ObedientSession> {
  const state = options.state ?? join(emptyFolder(t), 'state');
  const [command = '', ...args] = [...(options.within ?? []), SPOOR, 'run', '--state', state, '--'];
  const child = spawn(command, [...args, 'bash', '-c', OBEDIENT], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  atEnd(t, () => {
    child.stdin.destroy(); // the session ends with its input, and spoor with the session
    return ended;
  });
  let printed = '';
  let report = '';
  let told: () => void = () => {};
  child.stdout.on('data', (bytes: Buffer) => {
    printed += bytes;
    told();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    report += bytes;
  });
  child.once('close', () => told());

  async function does(line: string): Promise<string> {
    child.stdin.write(`${line}\n`);
    for (;;) {
      const answer = /^([\s\S]*?)done (\d+)\n/.exec(printed);
      if (answer) {
        printed = printed.slice(answer[0].length);
        if (answer[2] !== '0') throw new Error(`${line}\nended with ${answer[2]}: ${answer[1]}${report}`);
        return answer[1] ?? '';
      }
      if (child.exitCode !== null) throw new Error(`the session ended before "${line}": ${report}`);
      await new Promise<void>((resolve) => {
        told = resolve;
      });
    }
  }

  async function until(fits: (event: PrintedEvent) => boolean): Promise<PrintedEvent> {
    // Each look reads what was signed until then, which is all but the last second; the test's own limit ends it.
    for (;;) {
      const { stdout, stderr, code } = await spoor(['events', '--json', '--state', state]);
      if (code !== 0) throw new Error(`spoor events ended with ${code}: ${stderr}`);
      const found = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as PrintedEvent)
        .find(fits);
      if (found) return found;
      if (child.exitCode !== null) throw new Error(`the session ended before the event came: ${report}`);
    }
  }

  async function end(): Promise<{ events: PrintedEvent[]; report: string }> {
    child.stdin.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(`spoor run ended with ${code}: ${report}`);
    return { events: eventsIn(state), report };
  }

  await does(':');
  return { state, does, until, end };
}

/** Starts a program outside the session; it is ended with the test. */
export function outside(
  t: TestContext,
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  atEnd(t, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return child;
}

export function handoversIn(events: readonly PrintedEvent[]): PrintedEvent[] {
  return events.filter(({ event_name }) => event_name === 'session.handover');
}

/** The session that an event counts to, and the basis: "undefined" twice for what counts to none. */
export function execOf(events: readonly PrintedEvent[], fits: (args: readonly string[]) => boolean) {
  return events.filter(
    ({ event_name, attributes }) =>
      event_name === 'process.exec' && fits((attributes['process.command_args'] as string[]) ?? []),
  );
}
