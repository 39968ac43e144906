/**
 * The life of a queue item. Pure.
 *
 *   pending ──claim──► processing ──► completed
 *      ▲ │                 │
 *      │ └──► cancelled    ├──► failed      after the last attempt, or when somebody interrupted the turn
 *      └──── retry after ──┘
 */

const BASE_MS = 5_000;
const CAP_MS = 5 * 60_000;

/** How long to wait after a number of failed attempts (from 1), in ms: 5 s, 10 s, 20 s … at most 5 min. */
export function backoffMs(failures: number): number {
  return Math.min(BASE_MS * 2 ** (failures - 1), CAP_MS);
}

export interface Failure {
  error: string;
  /** Whether another attempt would be against somebody's will. */
  final: boolean;
}

/** What becomes of an item whose attempt failed at `nowMs`. */
export function afterFailure(item: { retryCount: number; maxRetries: number }, failure: Failure, nowMs: number) {
  const retryCount = item.retryCount + 1;
  const error = failure.error.toWellFormed().replaceAll('\0', '');
  const ended = { claimedBy: null, leaseUntil: null };
  if (failure.final || retryCount >= item.maxRetries) {
    return { ...ended, status: 'failed' as const, retryCount, error, completedAt: new Date(nowMs).toISOString() };
  }
  const retryAfter = new Date(nowMs + backoffMs(retryCount)).toISOString();
  return { ...ended, status: 'pending' as const, retryCount, error, retryAfter };
}
