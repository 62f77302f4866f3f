/** The body of a hashing thread: takes wishes one by one, answers each by its number. */

import { parentPort, workerData } from 'node:worker_threads';
import { type HashAnswer, type HashWish, hashFile } from './hash-file.ts';

export interface HashJob {
  readonly number: number;
  readonly wish: HashWish;
}

export interface HashedJob {
  readonly number: number;
  readonly answer: HashAnswer;
}

export interface HashWorkerData {
  /** One 32-bit number, counted up at each step of a job. */
  readonly progress: SharedArrayBuffer;
}

if (!parentPort) throw new Error('hash-worker runs as a worker thread only');
const port = parentPort;
const progress = new Int32Array((workerData as HashWorkerData).progress);

port.on('message', (job: HashJob) => {
  const answer = hashFile(job.wish, () => Atomics.add(progress, 0, 1));
  port.postMessage({ number: job.number, answer } satisfies HashedJob);
});
