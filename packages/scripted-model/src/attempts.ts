// Counts how often a step with faults was asked for: the only thing the server remembers, and a bounded one.
import { createHash } from 'node:crypto';

/** Counts requests by key; knows the last `limit` keys. */
export interface Attempts {
  /** How many requests with this key came before; counts this one. */
  next(key: readonly unknown[]): number;
}

/** Makes a counter that forgets the keys it has not seen for longest. */
export function createAttempts(limit = 1000): Attempts {
  const counts = new Map<string, number>();
  return {
    next(key) {
      const hash = createHash('sha256').update(JSON.stringify(key)).digest('base64url');
      const count = counts.get(hash) ?? 0;
      counts.delete(hash);
      counts.set(hash, count + 1);
      const [oldest] = counts.keys();
      if (counts.size > limit && oldest !== undefined) counts.delete(oldest);
      return count;
    },
  };
}
