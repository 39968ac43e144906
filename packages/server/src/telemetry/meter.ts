/** Counts what passes by, for GET /metrics. In memory: it starts from zero with the server. */
import type { TurnOutcome } from '@ash-ai/shared';

/** Upper bounds of the buckets, in seconds. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5] as const;

/** How many observations were at most so large, as Prometheus wants them: cumulative. */
export interface Histogram {
  buckets: { upTo: number; count: number }[];
  sum: number;
  count: number;
}

export class Meter {
  readonly #outcomes: Record<TurnOutcome, number> = { completed: 0, failed: 0, interrupted: 0 };
  readonly #buckets: number[] = BOUNDS.map(() => 0);
  #sumMs = 0;
  #count = 0;

  /** Notes the end of a turn. */
  turnEnded(outcome: TurnOutcome): void {
    this.#outcomes[outcome] += 1;
  }

  /** Does an append to the log and notes how long it took until it was durable. A failed one is not counted. */
  async append<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    const ms = performance.now() - startedAt;
    this.#sumMs += ms;
    this.#count += 1;
    const bucket = BOUNDS.findIndex((bound) => ms <= bound * 1000);
    if (bucket !== -1) this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    return result;
  }

  /** Turns that have ended, by outcome. */
  get turns(): Readonly<Record<TurnOutcome, number>> {
    return this.#outcomes;
  }

  /** Durations of appends, in seconds. */
  get appends(): Histogram {
    let count = 0;
    const buckets = BOUNDS.map((upTo, index) => {
      count += this.#buckets[index] ?? 0;
      return { upTo, count };
    });
    return { buckets, sum: this.#sumMs / 1000, count: this.#count };
  }
}
