import { countRecords } from '../log/reader.ts';
import { Backoff } from './backoff.ts';
import { GrpcTransport } from './grpc.ts';
import { loadPosition, type Position, positionPath, savePosition } from './position.ts';
import { RequestBuilder } from './request.ts';
import type { Resource } from './resource.ts';
import { type Item, LogSource } from './source.ts';
import type { Outcome, Transport } from './transport.ts';

/** Longest time between a delivery and its place in the position file; what a crash sends once more. */
const POSITION_INTERVAL_MS = 1_000;

/** Stage 7, ship, for one destination. */
export interface Destination {
  /** http://HOST:PORT (in clear) or https://HOST:PORT (TLS). */
  readonly url: string;
}

export interface LogShipperOptions {
  /** The log, such as STATE/log. */
  readonly logDirectory: string;
  /** Folder of the position files, such as STATE/ship. */
  readonly positionsDirectory: string;
  readonly destination: Destination;
  readonly resource: Resource;
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
  readonly state: 'idle' | 'sending' | 'waiting' | 'stopped';
  /** First record not yet delivered. */
  readonly next: number;
  /** Records not yet delivered. */
  readonly lagRecords: number;
  /** What went wrong last; empty since the last success. */
  readonly trouble: string;
  /** Records that the receiver took delivery of and refused for good since start(): OTLP's partial success. */
  readonly rejectedRecords: number;
  /** The receiver's own word on the last of them; empty when it gave none. */
  readonly rejection: string;
}

export interface LogShipper {
  /** Begins to send, from the stored position. */
  start(): void;
  /** Tells that the log has `durable` records on disk, or a new checkpoint (`seal.onGrow`). */
  grown(durable: number): void;
  /** Waits until everything that is in the log now has been delivered, checkpoints too, or until the time is over. */
  flush(timeoutMs: number): Promise<FlushResult>;
  /** Ends sending and stores the position. A request under way is given up and will be sent again. */
  stop(): Promise<void>;
  status(): ShipStatus;
}

/**
 * Sends a log to one receiver over OTLP: in order, at least once, the position moved only on success.
 * It reads the log and never the events, so a slow or absent receiver costs nothing but disk.
 *
 * @throws EndpointError for an URL that is none, PositionError for a damaged position file
 */
export function createLogShipper(options: LogShipperOptions): LogShipper {
  const { url } = options.destination;
  return new Shipper(options, new GrpcTransport(url), positionPath(options.positionsDirectory, url));
}

class Shipper implements LogShipper {
  readonly #url: string;
  readonly #directory: string;
  readonly #positionPath: string;
  readonly #transport: Transport;
  readonly #source: LogSource;
  readonly #builder: RequestBuilder;
  readonly #backoff = new Backoff();
  readonly #stopping = new AbortController();
  #position: Position;
  #saved: Position;
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

  constructor(options: LogShipperOptions, transport: Transport, path: string) {
    this.#url = options.destination.url;
    this.#directory = options.logDirectory;
    this.#transport = transport;
    this.#positionPath = path;
    this.#builder = new RequestBuilder(options.resource);
    this.#position = loadPosition(path, LogSource.originOf(options.logDirectory) ?? '');
    this.#source = new LogSource(options.logDirectory, this.#position);
    this.#saved = this.#position;
  }

  start(): void {
    this.#durable = Math.max(this.#durable, countRecords(this.#directory));
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
    while (!reached() && !this.#stopping.signal.aborted) {
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

  async stop(): Promise<void> {
    this.#stopping.abort();
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
      destination: this.#url,
      state: this.#state,
      next: this.#position.next,
      lagRecords: Math.max(0, this.#durable - this.#position.next),
      trouble: this.#trouble,
      rejectedRecords: this.#rejectedRecords,
      rejection: this.#rejection,
    };
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#woken = false;
      const items = await this.#source.next(this.#durable);
      if (items.length > 0) {
        await this.#deliver(items);
        continue;
      }
      this.#state = 'idle';
      await this.#woke();
    }
  }

  /** Sends until the receiver has it, or the shipper is stopped. */
  async #deliver(items: readonly Item[]): Promise<void> {
    const request = this.#builder.build(items.map(({ leaf }) => leaf));
    while (!this.#stopping.signal.aborted) {
      this.#state = 'sending';
      const outcome = await this.#sendUnlessStopped(request);
      if (!outcome) return;
      if (outcome.kind === 'accepted') {
        this.#backoff.succeeded();
        this.#trouble = '';
        this.#rejectedRecords += outcome.rejected;
        this.#rejection = outcome.message || this.#rejection;
        this.#moveTo(items.at(-1));
        return;
      }
      this.#trouble = outcome.cause;
      this.#state = 'waiting';
      await this.#waitUnlessStopped(this.#backoff.nextWaitMs(outcome.kind === 'retry' ? outcome.afterMs : 0));
    }
  }

  async #sendUnlessStopped(request: Buffer): Promise<Outcome | undefined> {
    const { signal } = this.#stopping;
    let stop: () => void = () => {};
    const stopped = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([this.#transport.send(request), stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  #moveTo(last: Item | undefined): void {
    if (!last) return;
    this.#position = { origin: this.#position.origin, next: last.next, checkpoint: last.checkpoint };
    this.#saveTimer ??= setTimeout(() => {
      this.#saveTimer = undefined;
      this.#save().catch((error: Error) => {
        this.#trouble = `position not stored: ${error.message}`;
      });
    }, POSITION_INTERVAL_MS);
    this.#tellMoved();
  }

  #tellMoved(): void {
    for (const tell of this.#moved.splice(0)) tell();
  }

  #save(): Promise<void> {
    const after = this.#saving.catch(() => undefined);
    this.#saving = after.then(async () => {
      const position = this.#position;
      if (position === this.#saved) return;
      await savePosition(this.#positionPath, position);
      this.#saved = position;
    });
    return this.#saving;
  }

  async #woke(): Promise<void> {
    if (this.#woken || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = () => {};
  }

  async #waitUnlessStopped(ms: number): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#stopping.signal.addEventListener(
        'abort',
        () => {
          clearTimeout(timer);
          resolve();
        },
        { once: true },
      );
    });
  }
}
