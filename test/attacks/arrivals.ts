/** Follows findings as a person at a console would, and tells how long each took from the act to being readable. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SPOOR } from '../checkout.ts';

export interface Arrivals {
  /** Seconds from the act that fired the finding to its line on the console; waits for the line. */
  secondsTo(uid: string): Promise<number>;
  stop(): void;
}

/** @param state a state folder that already has a log */
export function followFindings(state: string): Arrivals {
  const child = spawn(SPOOR, ['events', '--state', state, '--follow', '--event', 'finding', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const arrived = new Map<string, number>();
  const waiting = new Map<string, (seconds: number) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { uid, time } = JSON.parse(line) as { uid: string; time: string };
    const seconds = (Date.now() - Date.parse(time)) / 1000;
    arrived.set(uid, seconds);
    waiting.get(uid)?.(seconds);
  });
  return {
    secondsTo: (uid) =>
      new Promise((resolve) => {
        const seconds = arrived.get(uid);
        if (seconds !== undefined) resolve(seconds);
        else waiting.set(uid, resolve);
      }),
    stop: () => child.kill(),
  };
}
