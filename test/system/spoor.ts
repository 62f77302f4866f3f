/** Runs bin/spoor as a user would, in a state folder of the test's own. */

import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { atEnd, type Scope } from '../at-end.ts';
import { SPOOR } from '../checkout.ts';
import { type Receiver, startReceiver } from '../receivers/receiver.ts';

/** For tests that load eBPF programs: says on every other host why it was not run. */
export const needsRoot = {
  skip: process.getuid?.() === 0 ? false : 'loading eBPF programs takes root',
};

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Invocation {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Bytes for stdin; nothing by default. */
  readonly input?: Buffer;
}

export async function receiverIn(t: Scope, folder: string): Promise<Receiver> {
  const receiver = await startReceiver({ folder });
  atEnd(t, () => receiver.stop());
  return receiver;
}

/** Runs a program to its end. Resolves however it ended; the test judges. */
export async function run(program: string, args: readonly string[], how: Invocation = {}): Promise<Outcome> {
  const options: SpawnOptions = {
    cwd: how.cwd ?? '/',
    env: { ...process.env, ...how.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  };
  const child = spawn(program, args, options);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A command that never reads its input closes it: what was not wanted is no failure of the test.
  child.stdin?.on('error', () => {});
  child.stdin?.end(how.input ?? Buffer.alloc(0));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString('utf8') };
}

export function spoor(args: readonly string[], how: Invocation = {}): Promise<Outcome> {
  return run(SPOOR, args, how);
}

/** What `spoor events --json` prints, a line an event. */
export interface PrintedEvent {
  readonly time: string;
  readonly event_name: string;
  readonly index: number;
  readonly uid: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly severity: number;
  // biome-ignore lint/suspicious/noExplicitAny: printed JSON; each test looks at what it names
  readonly attributes: Record<string, any>;
}

/** @throws Error when spoor refuses, with what it said */
export async function eventsIn(state: string, ...filters: string[]): Promise<PrintedEvent[]> {
  const { code, stdout, stderr } = await spoor(['events', '--state', state, '--json', ...filters]);
  if (code !== 0) throw new Error(`spoor events ended with ${code}: ${stderr}`);
  const lines = stdout.toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as PrintedEvent);
}
