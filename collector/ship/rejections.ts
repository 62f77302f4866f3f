import { type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';

/** Between two events of one cause: a receiver that rejects something of every request, this event too, makes no flood. */
const EVENT_INTERVAL_MS = 60_000;
/** Uids named in one event; more are counted only. */
const MAX_UIDS = 32;

export type RejectionCause = 'partial_success' | 'set_aside' | 'pruned';

/** Records that a receiver will never have, and that the log does not state yet. */
export interface Rejection {
  readonly cause: RejectionCause;
  readonly rejected: number;
  /** Where in the log they are: at or between these; undefined for what is no record of it (checkpoints). */
  readonly firstIndex: number | undefined;
  readonly lastIndex: number | undefined;
  readonly uids: readonly string[];
  readonly message: string;
}

/**
 * Gathers what one receiver will never have until the log states it. The first of a cause is stated at once, what follows
 * within a minute together.
 */
export class Rejections {
  readonly #destination: string;
  readonly #tell: (event: Event) => void;
  readonly #untold: Map<RejectionCause, Rejection>;
  readonly #lastToldMs = new Map<RejectionCause, number>();
  #timer: NodeJS.Timeout | undefined;
  #state: 'telling' | 'quiet' = 'telling';

  /** @param untold what an earlier run could not state any more; told with the first of this one */
  constructor(destination: string, untold: readonly Rejection[], tell: (event: Event) => void) {
    this.#destination = destination;
    this.#tell = tell;
    this.#untold = new Map(untold.map((rejection) => [rejection.cause, rejection]));
  }

  add(more: Rejection): void {
    const known = this.#untold.get(more.cause);
    this.#untold.set(more.cause, known ? joined(known, more) : more);
    this.tellDue();
  }

  untold(): Rejection[] {
    return [...this.#untold.values()];
  }

  /** From now on nothing is told: the log is about to be closed. */
  quiet(): void {
    this.#state = 'quiet';
    clearTimeout(this.#timer);
  }

  tellDue(): void {
    if (this.#state === 'quiet') return;
    const nowMs = performance.now();
    for (const [cause, rejection] of [...this.#untold]) {
      const dueMs = (this.#lastToldMs.get(cause) ?? Number.NEGATIVE_INFINITY) + EVENT_INTERVAL_MS;
      if (dueMs > nowMs) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.tellDue();
        }, dueMs - nowMs).unref();
        continue;
      }
      this.#lastToldMs.set(cause, nowMs);
      this.#untold.delete(cause);
      this.#tell(eventOf(this.#destination, rejection));
    }
  }
}

function joined(one: Rejection, other: Rejection): Rejection {
  const indices = [one.firstIndex, one.lastIndex, other.firstIndex, other.lastIndex].filter(
    (index) => index !== undefined,
  );
  return {
    cause: one.cause,
    rejected: one.rejected + other.rejected,
    firstIndex: indices.length === 0 ? undefined : Math.min(...indices),
    lastIndex: indices.length === 0 ? undefined : Math.max(...indices),
    uids: [...one.uids, ...other.uids].slice(0, MAX_UIDS),
    message: other.message || one.message,
  };
}

function eventOf(destination: string, rejection: Rejection): Event {
  const timeMs = Date.now();
  return {
    name: 'ship.missing',
    uid: newUid(timeMs),
    timeNs: BigInt(timeMs) * 1_000_000n,
    severity: SEVERITY.warn,
    traceId: '',
    spanId: '',
    attributes: {
      'spoor.ship.destination': destination,
      'spoor.ship.cause': rejection.cause,
      'spoor.ship.missing': rejection.rejected,
      'spoor.ship.first_index': rejection.firstIndex,
      'spoor.ship.last_index': rejection.lastIndex,
      'spoor.ship.record_uids': rejection.uids.length === 0 ? undefined : [...rejection.uids],
      'spoor.ship.message': rejection.message === '' ? undefined : rejection.message,
    },
    seen: undefined,
  };
}
