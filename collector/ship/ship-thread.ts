import { Worker } from 'node:worker_threads';
import { countRecords } from '../log/reader.ts';
import { hasWorkingDirectory } from '../log/working-directory.ts';
import { destinationFrom } from './destination.ts';
import { type Lag, LagMeter } from './lag.ts';
import { loadPosition, positionPath } from './position.ts';
import type { ShipAnswer, ShipOrder, ShipWorkerData } from './ship-worker.ts';
import {
  createLogShipper,
  type FlushResult,
  type LogShipper,
  type LogShipperOptions,
  type ShipStatus,
} from './shipper.ts';
import { LogSource } from './source.ts';

/**
 * The shipper of one receiver in a thread of its own: reading the log, making requests, TLS and gzip take no time from
 * the event loop that takes events off the sensor, also while a long outage is made up for.
 *
 * @throws EndpointError, SettingError, PositionError as {@link createLogShipper} does
 */
export function createShipThread(options: LogShipperOptions): LogShipper {
  // Node starts no thread in a working directory that was deleted; a session in one is still to be shipped.
  return hasWorkingDirectory() ? new ShipThread(options) : createLogShipper(options);
}

interface Waiting {
  readonly resolve: (flushed: FlushResult | undefined) => void;
  readonly reject: (error: Error) => void;
}

class ShipThread implements LogShipper {
  readonly #worker: Worker;
  readonly #directory: string;
  readonly #lagMeter: LagMeter;
  readonly #tell: LogShipperOptions['tell'];
  readonly #waiting = new Map<number, Waiting>();
  #nextNumber = 0;
  #durable = 0;
  #status: ShipStatus;
  #dead: Error | undefined;

  constructor({ tell, ...data }: LogShipperOptions) {
    const { logDirectory, positionsDirectory, destination } = data;
    // What is wrong with them is said before a thread begins.
    const { url, endpoint } = destinationFrom(destination);
    const origin = LogSource.originOf(logDirectory) ?? '';
    const { next } = loadPosition(positionPath(positionsDirectory, url), origin);
    this.#directory = logDirectory;
    this.#lagMeter = new LagMeter(logDirectory);
    this.#tell = tell;
    this.#status = {
      destination: url,
      protocol: endpoint.protocol,
      state: 'idle',
      next,
      lagRecords: 0,
      trouble: '',
      rejectedRecords: 0,
      rejection: '',
    };
    this.#worker = new Worker(new URL('./ship-worker.js', import.meta.url), {
      workerData: data satisfies ShipWorkerData,
      execArgv: [],
    });
    this.#worker.on('message', (answer: ShipAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#die(error));
    this.#worker.unref(); // keeps the process alive only while somebody waits for it
  }

  start(): void {
    this.#durable = Math.max(this.#durable, countRecords(this.#directory));
    this.#order({ kind: 'start' });
  }

  grown(durable: number): void {
    this.#durable = Math.max(this.#durable, durable);
    this.#order({ kind: 'grown', durable });
  }

  async flush(timeoutMs: number): Promise<FlushResult> {
    const flushed = await this.#ask((number) => ({ kind: 'flush', number, timeoutMs }));
    return flushed ?? { delivered: false, remaining: this.status().lagRecords, cause: this.#status.trouble };
  }

  async quiet(): Promise<void> {
    await this.#ask((number) => ({ kind: 'quiet', number }));
  }

  async stop(): Promise<void> {
    await this.#ask((number) => ({ kind: 'stop', number }));
    await this.#worker.terminate();
  }

  status(): ShipStatus {
    return { ...this.#status, lagRecords: Math.max(0, this.#durable - this.#status.next) };
  }

  lag(): Lag {
    return this.#lagMeter.measure(this.#status.next, this.#durable);
  }

  #order(order: ShipOrder): void {
    this.#worker.postMessage(order);
  }

  /** Undefined too when the thread is dead: its status says why. */
  #ask(order: (number: number) => ShipOrder): Promise<FlushResult | undefined> {
    if (this.#dead) return Promise.resolve(undefined);
    const number = this.#nextNumber++;
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#order(order(number));
    });
  }

  #take(answer: ShipAnswer): void {
    if (answer.kind === 'status') {
      this.#status = answer.status;
      return;
    }
    if (answer.kind === 'tell') {
      this.#tell?.(answer.event);
      return;
    }
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (answer.kind === 'failed') waiting?.reject(new Error(answer.message));
    else waiting?.resolve(answer.flushed);
  }

  /** A fault of our own: delivery ends, the watch goes on, and the status says so until the next start. */
  #die(error: Error): void {
    this.#dead = error;
    this.#status = { ...this.#status, state: 'stopped', trouble: `the shipper failed: ${error.message}` };
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }
}
