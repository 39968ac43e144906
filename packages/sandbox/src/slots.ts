/** A bound on how many of something happen at once; the others wait in order, and what can wait lets the rest go first. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  readonly #yielding: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs `work` when a slot is free.
   * @param yields lets everything that does not go first
   */
  async use<T>(work: () => Promise<T>, { yields = false }: { yields?: boolean } = {}): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => (yields ? this.#yielding : this.#waiting).push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift() ?? this.#yielding.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
