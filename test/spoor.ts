/** Runs bin/spoor as a person does, and reads what it left as any program can: by `spoor events --json`. */

import { spawn, spawnSync } from 'node:child_process';
import { SPOOR } from './checkout.ts';

/** Why this host cannot run a test that loads the sensor; false where it can. For node:test's `skip`. */
export const NEEDS_ROOT: string | false =
  process.geteuid?.() === 0 ? false : 'loading eBPF programs needs root';

export interface Ran {
  /** Exit code, or 128 and the signal's number. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PrintedEvent {
  readonly time: string;
  readonly event_name: string;
  readonly index: number;
  readonly uid: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly severity: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface SpoorOptions {
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs to the end. */
export function spoor(args: readonly string[], options: SpoorOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(SPOOR, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => err.push(bytes));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const stdout = Buffer.concat(out).toString();
      const stderr = Buffer.concat(err).toString();
      resolve({ code: code ?? (signal ? -1 : 0), stdout, stderr });
    });
    child.stdin.on('error', () => {}); // it ended without reading, which is for the test to judge
    child.stdin.end(options.input ?? '');
  });
}

/** Everything the log of a state folder holds, in its order. */
export function eventsIn(state: string, ...filter: string[]): PrintedEvent[] {
  const { stdout, status, stderr } = spawnSync(SPOOR, ['events', '--json', '--state', state, ...filter], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (status !== 0) throw new Error(`spoor events ended with ${status}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PrintedEvent);
}
