/** Costs of commands, without Spoor, beside it and inside it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { CHECKOUT, SPOOR } from '../checkout.ts';

export interface Cost {
  readonly wallS: number;
  /** User and system time of the command and all its descendants. */
  readonly cpuS: number;
}

export interface WatchedCost {
  readonly command: Cost;
  /** CPU of Spoor itself: start, watch, hash, seal and report. */
  readonly watcherCpuS: number;
  /** State folder of the run; the caller removes it. */
  readonly state: string;
}

const PYTHON = '/usr/bin/python3';
const MEASURED = join(CHECKOUT, 'test/bench/measured.py');

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function freshFolder(): string {
  return mkdtempSync(join(tmpdir(), 'spoor-bench-'));
}

/** Waits for the end. @throws Error when it did not end with 0 */
async function finish(child: ChildProcess, what: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${what} ended with ${code}: ${said}`);
}

async function measured(command: readonly string[], cwd: string): Promise<Cost> {
  const folder = freshFolder();
  const out = join(folder, 'cost.json');
  await finish(
    spawn(PYTHON, [MEASURED, out, ...command], { cwd, stdio: ['ignore', 'ignore', 'pipe'] }),
    command.join(' '),
  );
  const cost = JSON.parse(readFileSync(out, 'utf8')) as Cost & { readonly code: number };
  rmSync(folder, { recursive: true });
  if (cost.code !== 0) throw new Error(`${command.join(' ')} ended with ${cost.code}`);
  return cost;
}

/** Nothing of Spoor's runs. */
export function alone(command: readonly string[], cwd: string): Promise<Cost> {
  return measured(command, cwd);
}

/** The command is the session. */
export async function inside(command: readonly string[], cwd: string): Promise<WatchedCost> {
  const folder = freshFolder();
  const state = join(folder, 'state');
  const inner = join(folder, 'inner.json');
  const whole = await measured(
    [SPOOR, 'run', '--state', state, '--', PYTHON, MEASURED, inner, ...command],
    cwd,
  );
  const cost = JSON.parse(readFileSync(inner, 'utf8')) as Cost;
  return { command: cost, watcherCpuS: whole.cpuS - cost.cpuS, state };
}

/** A session that does nothing, so that something can run beside it. */
export interface Idle {
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startIdle(): Promise<Idle> {
  const folder = freshFolder();
  const state = join(folder, 'state');
  const child = spawn(
    SPOOR,
    ['run', '--state', state, '--', 'bash', '-c', 'echo ready; exec sleep infinity'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await once(createInterface({ input: child.stdout }), 'line');
  return {
    pid: child.pid as number,
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
