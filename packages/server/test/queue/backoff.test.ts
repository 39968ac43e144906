/** What becomes of an item whose attempt failed. */
import { expect, test } from 'vitest';
import { afterFailure, backoffMs } from '../../src/queue/backoff.ts';

test('five seconds, twice as long each time, five minutes at most', () => {
  expect([1, 2, 3, 6, 7, 8, 5000].map(backoffMs)).toEqual([5_000, 10_000, 20_000, 160_000, 300_000, 300_000, 300_000]);
});

const nowMs = Date.UTC(2026, 0, 1);
const after = (retryCount: number, maxRetries: number, final = false) =>
  afterFailure({ retryCount, maxRetries }, { error: 'why', final }, nowMs);
const released = { claimedBy: null, leaseUntil: null };

test('it is tried again until its attempts are used up', () => {
  const retry = { ...released, status: 'pending', error: 'why' };
  expect(after(0, 3)).toEqual({ ...retry, retryCount: 1, retryAfter: '2026-01-01T00:00:05.000Z' });
  expect(after(1, 3)).toEqual({ ...retry, retryCount: 2, retryAfter: '2026-01-01T00:00:10.000Z' });
  const failed = { ...released, status: 'failed', error: 'why', completedAt: '2026-01-01T00:00:00.000Z' };
  expect(after(2, 3)).toEqual({ ...failed, retryCount: 3 });
  expect(after(0, 1)).toEqual({ ...failed, retryCount: 1 });
  expect(after(0, 0)).toEqual({ ...failed, retryCount: 1 });
});

test('nobody is overruled', () => {
  expect(after(0, 3, true)).toMatchObject({ status: 'failed', retryCount: 1 });
});

test('an error that no column can hold is made to fit', () => {
  expect(afterFailure({ retryCount: 0, maxRetries: 0 }, { error: 'a\0b\ud800', final: false }, nowMs).error).toBe(
    'ab\ufffd',
  );
});
