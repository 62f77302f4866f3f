import type { Event } from '../event.ts';
import { countRecords, LogReadError } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { Backoff } from './backoff.ts';
import { Delivery } from './delivery.ts';
import { type Destination, type DestinationSettings, destinationFrom } from './destination.ts';
import { GrpcTransport } from './grpc.ts';
import { Headers } from './headers.ts';
import { HttpTransport } from './http.ts';
import { type Lag, LagMeter } from './lag.ts';
import {
  type DeliveryRecord,
  loadPosition,
  type Position,
  positionPath,
  savePosition,
  withinLog,
} from './position.ts';
import { Rejections } from './rejections.ts';
import { createRequestBuilder } from './request.ts';
import { hostId, type Resource } from './resource.ts';
import { type Item, LogSource } from './source.ts';
import { Stopping } from './stopping.ts';
import { Tls } from './tls.ts';
import type { Transport } from './transport.ts';

/** Longest time between a delivery and its place in the position file; what a crash sends once more. */
const POSITION_INTERVAL_MS = 1_000;

/** Before a log that could not be read is read again. */
const READ_AGAIN_MS = 10_000;

export interface LogShipperOptions {
  /** The log, such as STATE/log. */
  readonly logDirectory: string;
  /** Folder of the position files, such as STATE/ship. */
  readonly positionsDirectory: string;
  readonly destination: DestinationSettings;
  readonly resource: Resource;
  /** Takes what is to be sealed: a receiver rejected records for good. Left out: it is kept for the next run. */
  readonly tell?: ((event: Event) => void) | undefined;
}

export interface FlushResult {
  readonly delivered: boolean;
  /** Records not yet delivered. */
  readonly remaining: number;
  /** Why not, in one line; empty when delivered. */
  readonly cause: string;
}

export interface ShipStatus {
  readonly destination: string;
  readonly protocol: string;
  readonly state: 'idle' | 'sending' | 'waiting' | 'stopped';
  /** First record not yet delivered. */
  readonly next: number;
  /** Records not yet delivered. */
  readonly lagRecords: number;
  /** What went wrong last; empty since the last success. */
  readonly trouble: string;
  /** Records that the receiver refused for good since start(): OTLP's partial success, and those set aside. */
  readonly rejectedRecords: number;
  /** The receiver's own word on the last of them; empty when it gave none. */
  readonly rejection: string;
}

/** Stage 7, ship, for one destination. */
export interface LogShipper {
  /** Begins to send, from the stored position. */
  start(): void;
  /** Tells that the log has `durable` records on disk, or a new checkpoint (`seal.onGrow`). */
  grown(durable: number): void;
  /** Waits until everything that is in the log now has been delivered, checkpoints too, or until the time is over. */
  flush(timeoutMs: number): Promise<FlushResult>;
  /** The log takes no more events: what is still to be stated is kept with the position. */
  quiet(): Promise<void>;
  /** Ends sending and stores the position. A request under way is given up and will be sent again. */
  stop(): Promise<void>;
  status(): ShipStatus;
  /** What is not yet delivered; reads a file, so it is asked for when somebody wants to know. */
  lag(): Lag;
}

/**
 * Sends a log to one receiver over OTLP: in order, at least once, the position moved only on success.
 * It reads the log and never the events, so a slow or absent receiver costs nothing but disk. In flight is at most
 * one request of 1 MiB (or one record), beside one bundle of 256 records read ahead.
 *
 * @throws EndpointError, SettingError for settings nobody can send by, PositionError for a damaged position file
 */
export function createLogShipper(options: LogShipperOptions): LogShipper {
  return new Shipper(options, destinationFrom(options.destination));
}

class Shipper implements LogShipper {
  readonly #destination: Destination;
  readonly #directory: string;
  readonly #positionPath: string;
  readonly #headers: Headers;
  readonly #transport: Transport;
  #source: LogSource;
  readonly #delivery: Delivery;
  readonly #rejections: Rejections;
  readonly #lagMeter: LagMeter;
  readonly #stopping = new Stopping();
  #position: Position;
  #saved: string;
  #durable = 0;
  #state: ShipStatus['state'] = 'idle';
  #trouble = '';
  #rejectedRecords = 0;
  #rejection = '';
  /** Wakes the loop when there may be something to send. */
  #wake: () => void = () => {};
  #woken = false;
  #moved: (() => void)[] = [];
  #saveTimer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #running: Promise<void> = Promise.resolve();

  constructor(options: LogShipperOptions, destination: Destination) {
    const { logDirectory, positionsDirectory, resource, tell } = options;
    const { url, endpoint } = destination;
    this.#destination = destination;
    this.#directory = logDirectory;
    this.#positionPath = positionPath(positionsDirectory, url);
    this.#headers = new Headers(destination.headers);
    const tls = new Tls(destination.tls, hostId());
    this.#transport =
      endpoint.protocol === 'grpc'
        ? new GrpcTransport(destination, this.#headers, tls)
        : new HttpTransport(destination, this.#headers, tls);
    const { untold = [], ...position } = loadPosition(
      this.#positionPath,
      LogSource.originOf(logDirectory) ?? '',
    );
    this.#position = withinLog(position, logDirectory);
    this.#source = this.#sourceAt(this.#position);
    this.#lagMeter = new LagMeter(logDirectory);
    this.#rejections = new Rejections(url, untold, tell ?? (() => {}));
    if (!tell) this.#rejections.quiet();
    this.#saved = '';
    this.#delivery = new Delivery({
      transport: this.#transport,
      builder: createRequestBuilder(endpoint.protocol, resource),
      backoff: new Backoff(),
      stopping: this.#stopping,
      accepted: (items, rejected, message) => this.#accepted(items, rejected, message),
      setAside: (item, cause) => this.#setAside(item, cause),
      trouble: (cause) => {
        this.#trouble = this.#headers.mask(cause);
        this.#state = cause === '' ? 'sending' : 'waiting';
      },
    });
  }

  start(): void {
    this.#durable = Math.max(this.#durable, countRecords(this.#directory));
    this.#rejections.tellDue();
    this.#running = this.#run();
  }

  grown(durable: number): void {
    this.#durable = Math.max(this.#durable, durable);
    this.#woken = true;
    this.#wake();
  }

  async flush(timeoutMs: number): Promise<FlushResult> {
    const goal = { next: this.#durable, checkpoint: this.#source.checkpointsEnd() };
    const reached = (): boolean =>
      this.#position.next >= goal.next && this.#position.checkpoint >= goal.checkpoint;
    const deadline = Date.now() + timeoutMs;
    while (!reached() && !this.#stopping.begun) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#moved.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    const delivered = reached();
    const remaining = Math.max(0, goal.next - this.#position.next);
    return { delivered, remaining, cause: delivered ? '' : this.#trouble || 'the receiver is slow' };
  }

  quiet(): Promise<void> {
    this.#rejections.quiet();
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping.begin();
    this.#rejections.quiet();
    this.#wake();
    this.#transport.close();
    await this.#running;
    clearTimeout(this.#saveTimer);
    await this.#save();
    this.#state = 'stopped';
    this.#tellMoved();
  }

  status(): ShipStatus {
    return {
      destination: this.#destination.url,
      protocol: this.#destination.endpoint.protocol,
      state: this.#state,
      next: this.#position.next,
      lagRecords: Math.max(0, this.#durable - this.#position.next),
      trouble: this.#trouble,
      rejectedRecords: this.#rejectedRecords,
      rejection: this.#rejection,
    };
  }

  lag(): Lag {
    return this.#lagMeter.measure(this.#position.next, this.#durable);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.begun) {
      this.#woken = false;
      const items = await this.#read();
      if (items.length > 0) {
        this.#state = this.#trouble === '' ? 'sending' : 'waiting';
        await this.#delivery.deliver(items);
        continue;
      }
      this.#state = 'idle';
      await this.#woke();
    }
  }

  /** What comes next. A log that cannot be read now may be read later: it is told, and tried from the position again. */
  async #read(): Promise<Item[]> {
    for (;;) {
      try {
        return await this.#source.next(this.#durable);
      } catch (error) {
        if (!(error instanceof LogReadError) && (error as NodeJS.ErrnoException).code === undefined)
          throw error;
        this.#trouble = `the log cannot be read: ${(error as Error).message}`;
        this.#state = 'waiting';
        await this.#stopping.wait(READ_AGAIN_MS);
        if (this.#stopping.begun) return [];
        this.#delivery.forget();
        this.#source = this.#sourceAt(this.#position);
      }
    }
  }

  #accepted(items: readonly Item[], rejected: number, message: string): void {
    const last = items.at(-1);
    if (!last) return;
    if (rejected > 0) {
      const firstIndex = this.#position.next;
      const isOfRecords = last.next > firstIndex;
      this.#reject({
        cause: 'partial_success',
        rejected,
        firstIndex: isOfRecords ? firstIndex : undefined,
        lastIndex: isOfRecords ? last.next - 1 : undefined,
        uids: [],
        message,
      });
    }
    this.#position = { origin: this.#position.origin, next: last.next, checkpoint: last.checkpoint };
    this.#saveSoon();
    this.#tellMoved();
  }

  #sourceAt(position: Position): LogSource {
    return new LogSource(this.#directory, position, (from, to) => this.#pruned(from, to));
  }

  #pruned(from: number, to: number): void {
    this.#rejections.add({
      cause: 'pruned',
      rejected: to - from,
      firstIndex: from,
      lastIndex: to - 1,
      uids: [],
      message: '',
    });
  }

  #setAside({ leaf }: Item, cause: string): void {
    const { index, uid } = decodeLeaf(leaf);
    this.#reject({
      cause: 'set_aside',
      rejected: 1,
      firstIndex: index,
      lastIndex: index,
      uids: [uid],
      message: cause,
    });
  }

  #reject(rejection: Parameters<Rejections['add']>[0]): void {
    const message = this.#headers.mask(rejection.message);
    this.#rejectedRecords += rejection.rejected;
    this.#rejection = message || this.#rejection;
    this.#rejections.add({ ...rejection, message });
  }

  #saveSoon(): void {
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      this.#save().catch((error: Error) => {
        this.#trouble = `position not stored: ${error.message}`;
      });
    }, POSITION_INTERVAL_MS);
  }

  #tellMoved(): void {
    for (const tell of this.#moved.splice(0)) tell();
  }

  #record(): DeliveryRecord {
    const untold = this.#rejections.untold();
    return {
      ...this.#position,
      destination: this.#destination.url,
      ...(untold.length === 0 ? {} : { untold }),
    };
  }

  #save(): Promise<void> {
    const after = this.#saving.catch(() => undefined);
    this.#saving = after.then(async () => {
      const record = this.#record();
      const content = JSON.stringify(record);
      if (content === this.#saved) return;
      await savePosition(this.#positionPath, record);
      this.#saved = content;
    });
    return this.#saving;
  }

  async #woke(): Promise<void> {
    if (this.#woken || this.#stopping.begun) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => {};
  }
}
