/** One sandbox that waits for its session: listened to, so that its end is known, and given away with nothing of it used. */
import type { AwakeSandbox } from '@ash-ai/sandbox';

export class Spare {
  readonly sessionId: string;
  /** What it is for (`keyOf`), or `bridgeKey`. */
  readonly key: string;
  readonly since = performance.now();
  /** Whether it has nothing left to do but wait. */
  ready: boolean;
  readonly #sandbox: AwakeSandbox;

  /** @param on hears that it is ready, and that it is gone without having been given away */
  constructor(
    of: { sessionId: string; key: string; sandbox: AwakeSandbox; booting: boolean },
    on: { ready(): void; gone(spare: Spare): void },
  ) {
    this.sessionId = of.sessionId;
    this.key = of.key;
    this.#sandbox = of.sandbox;
    this.ready = !of.booting;
    void this.#listen(on);
  }

  /** Lets go of it, alive. */
  give(): void {
    this.#given = true;
    this.#sandbox.detach();
  }

  #given = false;

  async #listen(on: { ready(): void; gone(spare: Spare): void }): Promise<void> {
    try {
      for await (const frames of this.#sandbox.frames()) {
        if (!frames.some(({ header }) => header.kind === 'ready')) continue;
        this.ready = true;
        on.ready();
      }
    } catch {
      // Cut off or nonsense: gone, either way.
    }
    if (!this.#given) on.gone(this);
  }
}
