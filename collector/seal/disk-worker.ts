/** The body of the thread that writes the log: does what it is told in order, and answers each sync by its number. */

import { parentPort, workerData } from 'node:worker_threads';
import { type Chunk, Disk, type TailStart } from './disk.ts';

export interface DiskWorkerData {
  readonly directory: string;
  /** Records of the log that are on disk already. */
  readonly size: number;
  readonly start: TailStart;
}

export type DiskOrder =
  | { readonly kind: 'write'; readonly chunks: readonly Chunk[] }
  | { readonly kind: 'sync'; readonly number: number };

export type DiskAnswer =
  | {
      readonly kind: 'synced';
      readonly number: number;
      readonly size: number;
      /** Of all chunks so far. */
      readonly durableBytes: number;
    }
  | {
      readonly kind: 'failed';
      readonly number: number;
      readonly durableBytes: number;
      readonly code: string;
      readonly message: string;
    };

if (!parentPort) throw new Error('disk-worker runs as a worker thread only');
const port = parentPort;
const { directory, size, start } = workerData as DiskWorkerData;
const disk = new Disk(directory, size, start);

/** Syncs run one after the other; writes go on meanwhile. */
let syncing: Promise<void> = Promise.resolve();

port.on('message', (order: DiskOrder) => {
  if (order.kind !== 'write') syncing = syncing.then(() => sync(order.number));
  else for (const chunk of order.chunks) disk.write(chunk);
});

async function sync(number: number): Promise<void> {
  try {
    const size = await disk.sync();
    answer({ kind: 'synced', number, size, durableBytes: disk.durableBytes });
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    answer({ kind: 'failed', number, durableBytes: disk.durableBytes, code, message });
  }
}

function answer(message: DiskAnswer): void {
  port.postMessage(message);
}
