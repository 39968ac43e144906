/**
 * A limit on how often something may happen: `quota` times in `windowMs`, by name. Kept is one number per name, the moment
 * at which its quota is whole again (GCRA: like a bucket that is refilled evenly), for a bounded number of names.
 */

export interface RatePolicy {
  /** How often within the window; also how many at once. */
  quota: number;
  windowMs: number;
}

/** Where a name stands after a request, or would. */
export interface Standing {
  admitted: boolean;
  /** Requests that are left at once. */
  remaining: number;
  /** Time until the quota is whole again. */
  resetMs: number;
  /** Time until one request is admitted; 0 when one is now. */
  retryAfterMs: number;
}

/** Names that are kept: those seen last. A name that is forgotten begins with a whole quota. */
const maxNames = 20_000;

export class RateLimiter {
  readonly policy: RatePolicy;
  readonly #now: () => number;
  readonly #capacity: number;
  /** When the quota of a name is whole again. Least recently seen first. */
  readonly #wholeAt = new Map<string, number>();

  constructor(policy: RatePolicy, now: () => number = () => performance.now(), capacity = maxNames) {
    this.policy = policy;
    this.#now = now;
    this.#capacity = capacity;
  }

  /** Names kept at the moment. */
  get size(): number {
    return this.#wholeAt.size;
  }

  /** How the name would stand after one more request; nothing is counted. */
  peek(name: string): Standing {
    return this.#standing(name).standing;
  }

  /** Counts a request of the name, if it is admitted. */
  take(name: string): Standing {
    const { standing, wholeAt } = this.#standing(name);
    // Seen last: to the end.
    this.#wholeAt.delete(name);
    this.#wholeAt.set(name, wholeAt);
    if (this.#wholeAt.size > this.#capacity) {
      const [oldest = name] = this.#wholeAt.keys();
      this.#wholeAt.delete(oldest);
    }
    return standing;
  }

  #standing(name: string): { standing: Standing; wholeAt: number } {
    const { quota, windowMs } = this.policy;
    const now = this.#now();
    const each = windowMs / quota;
    const before = Math.max(this.#wholeAt.get(name) ?? now, now);
    const retryAfterMs = Math.max(0, before + each - windowMs - now);
    // A nanosecond is what rounding may add up to.
    const admitted = retryAfterMs < 1e-6;
    const wholeAt = admitted ? before + each : before;
    const remaining = Math.max(0, Math.floor((windowMs - (wholeAt - now)) / each + 1e-6));
    const standing = { admitted, remaining, resetMs: wholeAt - now, retryAfterMs: admitted ? 0 : retryAfterMs };
    return { standing, wholeAt };
  }
}
