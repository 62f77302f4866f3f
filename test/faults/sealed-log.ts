/** Logs to be harmed: sealed by the real seal, in a state folder of their own, and judged by `spoor verify`. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../collector/event.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal } from '../../collector/seal/seal.ts';
import { newUid } from '../../collector/uid.ts';
import { SPOOR } from '../checkout.ts';

const HOST = 'faults';

const folders: string[] = [];
process.once('exit', () => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

/** Gone when the program ends. */
export function freshFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'spoor-faults-'));
  folders.push(made);
  return made;
}

export function openEvent(path: string): Event {
  return {
    name: 'file.open',
    uid: newUid(Date.now()),
    timeNs: BigInt(Date.now()) * 1_000_000n,
    severity: 9,
    traceId: '',
    spanId: '',
    attributes: { 'file.path': path, 'process.pid': 42 },
    seen: undefined,
  };
}

/** A closed log with a checkpoint after each batch. */
export async function sealLog(state: string, batches: readonly number[]): Promise<void> {
  const seal = await openSeal({
    directory: join(state, 'log'),
    hostKey: openHostKey(join(state, 'key')),
    hostId: HOST,
  });
  for (const count of batches) {
    seal.append(Array.from({ length: count }, (_, i) => openEvent(`/tmp/${i}`)));
    await seal.checkpoint();
  }
  await seal.close();
}

export function copyOf(state: string): string {
  const copy = freshFolder();
  cpSync(state, copy, { recursive: true, preserveTimestamps: true });
  return copy;
}

export interface Judged {
  readonly code: number;
  readonly text: string;
}

/** What `spoor` says to a person, both streams. */
export function spoor(...args: string[]): Judged {
  const { status, stdout, stderr } = spawnSync(SPOOR, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  return { code: status ?? -1, text: `${stdout}${stderr}` };
}

/** The line that says why the log is not good, without its margin. */
export function firstProblem({ text }: Judged): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.includes('BROKEN'));
  return (at < 0 ? (lines.find((line) => line !== '') ?? '') : (lines[at + 1] ?? '')).trim();
}
