/** A thing that is being ended: what it waits for is waited for no longer. */
export class Stopping {
  readonly #controller = new AbortController();

  get begun(): boolean {
    return this.#controller.signal.aborted;
  }

  begin(): void {
    this.#controller.abort();
  }

  /** What a promise gives, or undefined when the end comes first. */
  async unless<T>(promise: Promise<T>): Promise<T | undefined> {
    const { signal } = this.#controller;
    let stop: () => void = () => {};
    const stopped = new Promise<undefined>((resolve) => {
      stop = () => resolve(undefined);
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([promise, stopped]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await this.unless(
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      }),
    );
    clearTimeout(timer);
  }
}
