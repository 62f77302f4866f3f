/** Starts a real `spoor witness` in a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { atEnd, type Scope } from './at-end.ts';
import { SPOOR } from './checkout.ts';

export interface WitnessProcess {
  readonly child: ChildProcess;
  readonly url: string;
  /** Its public key, as in its witness.pub. */
  readonly key: string;
}

/** @param args options of `spoor witness` */
export async function startWitness(t: Scope, ...args: string[]): Promise<WitnessProcess> {
  const child = spawn(SPOOR, ['witness', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  atEnd(t, () => void child.kill());
  const [said] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const [, port, key] = /^listening on port (\d+) as (\S+)$/.exec(said) ?? [];
  if (port === undefined || key === undefined) throw new Error(`spoor witness said: ${said}`);
  return { child, url: `http://127.0.0.1:${port}`, key };
}
