/** The body of the thread that serves one receiver: a shipper, told what to do and telling how it does. */

import { parentPort, workerData } from 'node:worker_threads';
import type { Event } from '../event.ts';
import type { DestinationSettings } from './destination.ts';
import type { Resource } from './resource.ts';
import { createLogShipper, type FlushResult, type ShipStatus } from './shipper.ts';

export interface ShipWorkerData {
  readonly logDirectory: string;
  readonly positionsDirectory: string;
  readonly destination: DestinationSettings;
  readonly resource: Resource;
}

export type ShipOrder =
  | { readonly kind: 'start' }
  | { readonly kind: 'grown'; readonly durable: number }
  | { readonly kind: 'flush'; readonly number: number; readonly timeoutMs: number }
  | { readonly kind: 'quiet'; readonly number: number }
  | { readonly kind: 'stop'; readonly number: number };

export type ShipAnswer =
  | { readonly kind: 'status'; readonly status: ShipStatus }
  | { readonly kind: 'tell'; readonly event: Event }
  /** The order of this number is done, and everything it changed was told before. */
  | { readonly kind: 'done'; readonly number: number; readonly flushed?: FlushResult }
  | { readonly kind: 'failed'; readonly number: number; readonly message: string };

/** How old a status is that another thread asks for, at most. */
const STATUS_INTERVAL_MS = 200;

if (!parentPort) throw new Error('ship-worker runs as a worker thread only');
const port = parentPort;
const shipper = createLogShipper({
  ...(workerData as ShipWorkerData),
  tell: (event) => answer({ kind: 'tell', event }),
});
let toldStatus = '';

function answer(message: ShipAnswer): void {
  port.postMessage(message);
}

function tellStatus(): void {
  const status = shipper.status();
  const text = JSON.stringify(status);
  if (text === toldStatus) return;
  toldStatus = text;
  answer({ kind: 'status', status });
}

async function done(number: number, work: Promise<FlushResult | undefined>): Promise<void> {
  try {
    const flushed = await work;
    tellStatus();
    answer({ kind: 'done', number, ...(flushed ? { flushed } : {}) });
  } catch (error) {
    answer({ kind: 'failed', number, message: (error as Error).message });
  }
}

port.on('message', (order: ShipOrder) => {
  switch (order.kind) {
    case 'start':
      shipper.start();
      setInterval(tellStatus, STATUS_INTERVAL_MS).unref();
      break;
    case 'grown':
      shipper.grown(order.durable);
      break;
    case 'flush':
      void done(order.number, shipper.flush(order.timeoutMs));
      break;
    case 'quiet':
      void done(
        order.number,
        shipper.quiet().then(() => undefined),
      );
      break;
    case 'stop':
      void done(
        order.number,
        shipper.stop().then(() => undefined),
      );
      break;
  }
});
