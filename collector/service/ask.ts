/** The other end of the control socket: how the command line asks a running service. */

import { createConnection, type Socket } from 'node:net';

/** A service that says nothing for so long hangs; its watchdog will end it. */
const PATIENCE_MS = 10_000;

export interface Asking {
  /** @throws ServiceError when the service refuses, with its words */
  ask(request: object, patienceMs?: number): Promise<Readonly<Record<string, unknown>>>;
  close(): void;
}

/** The service is there and does not do what it was asked: its own words. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
}

/** @returns undefined when no service listens there */
export async function askService(path: string): Promise<Asking | undefined> {
  const socket = createConnection(path);
  const isThere = await new Promise<boolean>((resolve, reject) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR')
        resolve(false);
      else reject(new ServiceError(`the service at ${path} cannot be asked: ${error.message}`));
    });
  });
  return isThere ? createAsking(socket, path) : undefined;
}

function createAsking(socket: Socket, path: string): Asking {
  let waiting = '';
  let failure: ServiceError | undefined;
  const lines: string[] = [];
  let wake: () => void = () => {};
  const fail = () => {
    failure ??= new ServiceError(`the service at ${path} went away; see: journalctl -u spoor`);
    wake();
  };
  socket.setEncoding('utf8'); // a character may be cut by the end of a chunk
  socket.removeAllListeners('error');
  socket.on('error', fail);
  socket.on('close', fail);
  socket.on('data', (chunk) => {
    waiting += chunk;
    const parts = waiting.split('\n');
    waiting = parts.pop() ?? '';
    lines.push(...parts);
    wake();
  });

  async function nextLine(patienceMs: number): Promise<string> {
    const timer = setTimeout(() => {
      failure ??= new ServiceError(`the service at ${path} does not answer; see: journalctl -u spoor`);
      wake();
    }, patienceMs);
    try {
      for (;;) {
        const first = lines.shift();
        if (first !== undefined) return first;
        if (failure) throw failure;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async ask(request, patienceMs = PATIENCE_MS) {
      socket.write(`${JSON.stringify(request)}\n`);
      const answer = JSON.parse(await nextLine(patienceMs)) as Record<string, unknown>;
      if (typeof answer.refused === 'string') throw new ServiceError(answer.refused);
      return answer;
    },
    close() {
      socket.removeAllListeners('close');
      socket.destroy();
    },
  };
}
