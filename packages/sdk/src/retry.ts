/** When to try again. */

const firstDelayMs = 250;
const longestDelayMs = 5_000;
/** A server that asks for more patience than this gets none: its error goes to the caller. */
const longestRetryAfterMs = 60_000;

/**
 * How long to wait before try number `attempt` (1 = the first repetition), in ms: exponential with jitter, and never
 * less than what the server asked for. Undefined when the server asks for more than a minute.
 */
export function delayBefore(attempt: number, askedMs = 0, random: () => number = Math.random): number | undefined {
  if (askedMs > longestRetryAfterMs) return undefined;
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1));
  return Math.max(askedMs, ceiling * (0.5 + random() / 2));
}

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
