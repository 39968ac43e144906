/** How many spares are wanted, by what was asked for lately. Pure: the caller says what time it is. */
import type { Shape } from './shape.ts';

/** How many spares there are to be: none, a number for each shape that is in use, or as many as come in while one starts. */
export type SparePolicy = 'off' | 'adaptive' | number;

/** A shape that nobody asked for in this time is out of use, in ms. */
export const staleMs = 10 * 60_000;
/** The rate is that of the arrivals within this time, in ms. */
const rateMs = 30_000;
const maxShapes = 1000;
const maxArrivals = 64;

interface Asked {
  /** Undefined when none may be booted for it: then only a bridge waits. */
  shape: Shape | undefined;
  /** Whether a runtime is worth its start: once alone says little. */
  likely: boolean;
  /** When, by `performance.now()`, oldest first. */
  arrivals: number[];
}

export interface Want {
  key: string;
  shape: Shape | undefined;
  count: number;
}

/** The key under which bridges without a runtime are counted. */
export const bridgeKey = 'bridge';

export class Demand {
  readonly #policy: SparePolicy;
  readonly #asked = new Map<string, Asked>();

  constructor(policy: SparePolicy) {
    this.#policy = policy;
  }

  /** A session of this shape was made, or is `likely` to be. */
  note(key: string, shape: Shape | undefined, now: number, likely = false): void {
    if (this.#policy === 'off') return;
    const asked = this.#asked.get(key) ?? { shape, likely, arrivals: [] };
    asked.likely ||= likely || asked.arrivals.length > 0;
    asked.arrivals.push(now);
    if (asked.arrivals.length > maxArrivals) asked.arrivals.shift();
    // Newest last.
    this.#asked.delete(key);
    this.#asked.set(key, asked);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > maxShapes && oldest !== undefined) this.#asked.delete(oldest);
  }

  /** Nobody will ask for these any more. */
  forget(gone: (shape: Shape) => boolean): void {
    for (const [key, { shape }] of this.#asked) if (shape !== undefined && gone(shape)) this.#asked.delete(key);
  }

  /** What is wanted, the shape asked for last first. @param startMs how long a start takes */
  wants(now: number, startMs: number): Want[] {
    for (const [key, { arrivals }] of this.#asked) {
      if (now - (arrivals.at(-1) ?? 0) >= staleMs) this.#asked.delete(key);
    }
    if (this.#asked.size === 0 || this.#policy === 'off') return [];
    const wants: Want[] = [];
    const others: number[] = [];
    for (const [key, { shape, likely, arrivals }] of this.#asked) {
      if (shape === undefined || !likely) others.push(...arrivals);
      else wants.unshift({ key, shape, count: this.#count(arrivals, now, startMs) });
    }
    return [...wants, { key: bridgeKey, shape: undefined, count: this.#count(others, now, startMs) }];
  }

  /** As many as will come while one starts, and one. */
  #count(arrivals: readonly number[], now: number, startMs: number): number {
    if (typeof this.#policy === 'number') return this.#policy;
    const recent = arrivals.filter((at) => now - at < rateMs).length;
    return 1 + Math.floor((recent * startMs) / rateMs);
  }
}
