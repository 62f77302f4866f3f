/** The body of the thread that writes the log: does what it is told in order, and answers each sync by its number. */

import { parentPort, workerData } from 'node:worker_threads';
import { bytesOf, type Chunk, Disk, type TailStart } from './disk.ts';

export interface DiskWorkerData {
  readonly directory: string;
  /** Records of the log that are on disk already. */
  readonly size: number;
  readonly start: TailStart;
}

export type DiskOrder =
  | { readonly kind: 'write'; readonly chunk: Chunk }
  | { readonly kind: 'sync'; readonly number: number };

export type DiskAnswer =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'synced'; readonly number: number; readonly size: number; readonly writtenBytes: number }
  | { readonly kind: 'failed'; readonly number: number; readonly code: string; readonly message: string };

if (!parentPort) throw new Error('disk-worker runs as a worker thread only');
const port = parentPort;
const { directory, size, start } = workerData as DiskWorkerData;
const disk = new Disk(directory, size, start);

/** Syncs run one after the other; writes go on meanwhile. */
let syncing: Promise<void> = Promise.resolve();

port.on('message', (order: DiskOrder) => {
  if (order.kind !== 'write') syncing = syncing.then(() => sync(order.number));
  else if (disk.write(order.chunk)) answer({ kind: 'written', bytes: bytesOf(order.chunk) });
});

async function sync(number: number): Promise<void> {
  try {
    const synced = await disk.sync();
    answer({ kind: 'synced', number, ...synced });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    answer({ kind: 'failed', number, code, message });
  }
}

function answer(message: DiskAnswer): void {
  port.postMessage(message);
}
