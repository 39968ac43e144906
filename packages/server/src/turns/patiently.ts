/** Repeats work that a database that is away made impossible, until it works or nobody wants it any more. */
import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailable } from '../store/errors.ts';

/** @param signal ends the waiting; then the database's own error is thrown */
export async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 2000)) {
    try {
      return await work();
    } catch (cause) {
      if (!(cause instanceof StoreUnavailable) || signal.aborted) throw cause;
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}
