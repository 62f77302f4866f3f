/**
 * Threads that hash files, so that no file system's patience is the event loop's.
 *
 * A thread works through its jobs in order. One that shows no progress is given up with the job it hangs on (a FUSE
 * daemon that does not answer, a network mount without its server): its other jobs go to the next thread, and until
 * it moves again every file of that device is answered `busy` at once.
 */

import { Worker } from 'node:worker_threads';
import type { HashAnswer, HashWish } from './hash-file.ts';
import type { HashedJob, HashJob, HashWorkerData } from './hash-worker.ts';

/** Threads at work. Each costs about 10 MB and is started when there is something to hash. */
const MAX_THREADS = 2;
/** Jobs handed to a thread before it answered the first; hides the way between threads. */
const JOBS_AHEAD = 4;
/** Jobs that wait for a thread, about 300 B each. Past it a file is answered `busy`. */
const MAX_QUEUED = 4_096;
/** Without a step for so long, a thread hangs: 256 KiB in 3 s is slower than any disk that turns. */
const HANG_MS = 3_000;
/** Hanging threads kept. Past it nothing is hashed until one of them moves: everything is answered `busy`. */
const MAX_HANGING = 4;

const BUSY: HashAnswer = { missing: 'busy' };

interface Waiting {
  readonly wish: HashWish;
  readonly answered: (answer: HashAnswer) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly progress: Int32Array;
  /** By job number; a Map keeps their order, and the first is the one in hand. */
  readonly jobs: Map<number, Waiting>;
  /** The progress counter as last looked at, and when it last moved. */
  steps: number;
  movedMs: number;
  /** Device of the file it hangs on; undefined while it works. */
  hangsOn: string | undefined;
}

export interface Hashers {
  /** `answered` is called once, later, never from within. */
  hash(wish: HashWish, answered: (answer: HashAnswer) => void): void;
  /** Jobs without an answer. */
  pending(): number;
  /** Threads that wait for a file system that does not answer. Such a thread outlives an ordinary exit of the process. */
  hanging(): number;
  /** Answers what is left `busy`. */
  stop(): void;
}

export function createHashers(): Hashers {
  const threads = new Set<Thread>();
  const hanging = new Set<Thread>();
  let queue: Waiting[] = [];
  let nextNumber = 0;
  let watchdog: NodeJS.Timeout | undefined;

  function hash(wish: HashWish, answered: (answer: HashAnswer) => void): void {
    if (queue.length >= MAX_QUEUED || hanging.size >= MAX_HANGING || isHangingOn(wish.device)) {
      queueMicrotask(() => answered(BUSY));
      return;
    }
    queue.push({ wish, answered });
    dispatch();
  }

  function isHangingOn(device: string): boolean {
    for (const thread of hanging) if (thread.hangsOn === device) return true;
    return false;
  }

  function dispatch(): void {
    let taken = 0;
    while (taken < queue.length) {
      const thread = idlest();
      if (!thread) break;
      const waiting = queue[taken] as Waiting;
      taken += 1;
      const job: HashJob = { number: nextNumber++, wish: waiting.wish };
      if (thread.jobs.size === 0) thread.movedMs = performance.now();
      thread.jobs.set(job.number, waiting);
      thread.worker.postMessage(job);
    }
    if (taken > 0) queue = queue.slice(taken);
    watch();
  }

  /** A thread that can take a job; a new one before a second job waits behind another. */
  function idlest(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of threads) if (!best || thread.jobs.size < best.jobs.size) best = thread;
    if ((!best || best.jobs.size > 0) && threads.size < MAX_THREADS) return begin();
    return best && best.jobs.size < JOBS_AHEAD ? best : undefined;
  }

  function begin(): Thread {
    const shared = new SharedArrayBuffer(4);
    const worker = new Worker(new URL('./hash-worker.js', import.meta.url), {
      workerData: { progress: shared } satisfies HashWorkerData,
      // Else Node pipes them into our own process.stdout, and opening that object makes COMMAND's terminal non-blocking.
      stdout: true,
      stderr: true,
    });
    const progress = new Int32Array(shared);
    const jobs = new Map<number, Waiting>();
    const thread: Thread = { worker, progress, jobs, steps: 0, movedMs: 0, hangsOn: undefined };
    worker.unref();
    worker.on('message', (done: HashedJob) => finish(thread, done));
    // A thread that ends by itself (out of memory) takes no event with it.
    worker.on('error', () => lose(thread));
    worker.on('exit', () => lose(thread));
    threads.add(thread);
    return thread;
  }

  function finish(thread: Thread, done: HashedJob): void {
    const waiting = thread.jobs.get(done.number);
    thread.jobs.delete(done.number);
    if (thread.hangsOn !== undefined) {
      // It moves again: its device is asked again from now on, by the threads that took its place.
      hanging.delete(thread);
      void thread.worker.terminate();
      return;
    }
    thread.movedMs = performance.now();
    waiting?.answered(done.answer);
    dispatch();
  }

  function lose(thread: Thread): void {
    hanging.delete(thread);
    if (!threads.delete(thread)) return;
    const left = [...thread.jobs.values()];
    thread.jobs.clear();
    for (const waiting of left) waiting.answered(BUSY);
  }

  function watch(): void {
    if (watchdog || pending() === 0) return;
    watchdog = setInterval(() => {
      for (const thread of [...threads]) if (isStuck(thread)) giveUp(thread);
      if (pending() > 0) return;
      clearInterval(watchdog);
      watchdog = undefined;
    }, HANG_MS / 5);
    watchdog.unref();
  }

  function isStuck(thread: Thread): boolean {
    const steps = Atomics.load(thread.progress, 0);
    const nowMs = performance.now();
    if (steps !== thread.steps) {
      thread.steps = steps;
      thread.movedMs = nowMs;
    }
    return thread.jobs.size > 0 && nowMs - thread.movedMs > HANG_MS;
  }

  function giveUp(thread: Thread): void {
    const [first, ...rest] = thread.jobs.values();
    if (!first) return;
    threads.delete(thread);
    thread.jobs.clear();
    thread.hangsOn = first.wish.device;
    hanging.add(thread);
    first.answered(BUSY);
    for (const waiting of rest) {
      if (waiting.wish.device === thread.hangsOn || hanging.size >= MAX_HANGING) waiting.answered(BUSY);
      else queue.push(waiting);
    }
    if (hanging.size >= MAX_HANGING) for (const waiting of queue.splice(0)) waiting.answered(BUSY);
    dispatch();
  }

  function pending(): number {
    let sum = queue.length;
    for (const thread of threads) sum += thread.jobs.size;
    return sum;
  }

  return {
    hash,
    pending,
    hanging: () => hanging.size,
    stop() {
      clearInterval(watchdog);
      watchdog = undefined;
      for (const waiting of queue.splice(0)) waiting.answered(BUSY);
      // Not waited for: a thread in a system call that hangs ends when its file system answers, or with the process.
      for (const thread of [...threads, ...hanging]) {
        lose(thread);
        void thread.worker.terminate();
      }
    },
  };
}
