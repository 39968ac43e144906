/** A bound on how many of something happen at once; the others wait, and what can wait lets the rest go first. */
import { FairLine } from './fair-line.ts';

export interface SlotOptions {
  /** Those of one line are served in order; lines take turns. */
  line?: string;
  /** Lets everything that does not go first. */
  yields?: boolean;
}

export class Slots {
  #free: number;
  readonly #waiting = new FairLine<() => void>();
  readonly #yielding = new FairLine<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves when a slot is free, with what gives it back; calling that again does nothing. */
  async take({ line = '', yields = false }: SlotOptions = {}): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => (yields ? this.#yielding : this.#waiting).push(line, resolve));
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#waiting.shift() ?? this.#yielding.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }

  /** Runs `work` when a slot is free. */
  async use<T>(work: () => Promise<T>, options?: SlotOptions): Promise<T> {
    const giveBack = await this.take(options);
    try {
      return await work();
    } finally {
      giveBack();
    }
  }
}
