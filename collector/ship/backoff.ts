/** First wait after a failure. */
const FIRST_WAIT_MS = 250;

/** Longest wait; what a receiver that comes back has to wait for us at most. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Longest time a receiver may ask for (RetryInfo, Retry-After). Its mistake must not silence a host for a year, and
 * timers past 24 days end at once.
 */
const LONGEST_WISH_MS = 3_600_000;

/**
 * Exponential backoff with full jitter: each wait is drawn evenly from half to all of a step that doubles,
 * so that a fleet which lost its receiver does not come back as one wave.
 */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** @param wishedMs what the receiver asked for (RetryInfo, Retry-After): that, and up to a tenth more; 0 for nothing */
  nextWaitMs(wishedMs = 0): number {
    if (wishedMs > 0) {
      const wish = Math.min(LONGEST_WISH_MS, Math.max(FIRST_WAIT_MS, wishedMs));
      return wish * (1 + this.#random() / 10);
    }
    const step = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    return step * (0.5 + this.#random() / 2);
  }
}
