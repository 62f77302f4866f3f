/** Processes that are no relatives of any program here: what a program signals, traces and connects to. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

export interface Outside {
  /** The arguments that tell a program of them, after its scratch folder. */
  readonly args: readonly string[];
  stop(): void;
}

/** The listeners are of this very process; `folder` is where the unix socket lies. */
export async function startOutside(folder: string): Promise<Outside> {
  const sleeper = spawn('sleep', ['infinity'], { stdio: 'ignore' });
  const socketPath = join(folder, 'outside');
  const unix = createServer((socket) => socket.on('error', () => socket.destroy())).listen(socketPath);
  const tcp = createServer((socket) => socket.on('error', () => socket.destroy())).listen(0, '127.0.0.1');
  await Promise.all([once(unix, 'listening'), once(tcp, 'listening')]);
  return {
    args: [String(sleeper.pid), socketPath, String((tcp.address() as AddressInfo).port)],
    stop() {
      sleeper.kill('SIGKILL');
      unix.close();
      tcp.close();
    },
  };
}
