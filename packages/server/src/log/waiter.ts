/** A reader of a feed that has read all there is, and waits for more. */
export class Waiter implements Disposable {
  /** Where it goes on. */
  position = -1;
  readonly #signal: AbortSignal;
  readonly #onAbort = () => this.wake();
  #woken: (() => void) | undefined;

  /** @param signal ends every waiting */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort);
  }

  /** Resolves when it is woken, or when the signal fires. */
  wait(): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#woken = resolve;
    });
  }

  wake(): void {
    this.#woken?.();
    this.#woken = undefined;
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
  }
}
