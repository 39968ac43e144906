/** When a delivery is tried again. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { retryWaitsMs, waitAfter } from '../../src/webhooks/schedule.ts';

test('ten attempts within about a day, each later than the one before by more', () => {
  const waits = retryWaitsMs.map((_, index) => waitAfter(index + 1, { chance: 0.5 }));
  expect(waits).toEqual(retryWaitsMs);
  expect(waits).toEqual([...retryWaitsMs].sort((a, b) => a - b));
  const hours = retryWaitsMs.reduce((sum, wait) => sum + wait, 0) / 3600_000;
  expect([retryWaitsMs.length, Math.round(hours)]).toEqual([9, 23]);
  expect(waitAfter(10)).toBeUndefined();
});

test('chance takes away or adds a fifth; an endpoint may ask for more time, up to an hour', () => {
  const attempts = fc.integer({ min: 1, max: 9 });
  fc.assert(
    fc.property(attempts, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(10_000_000), (attempt, chance, asked) => {
      const usual = retryWaitsMs[attempt - 1] ?? 0;
      const wait = waitAfter(attempt, { chance, asked }) ?? 0;
      expect(wait).toBeGreaterThanOrEqual(Math.max(usual * 0.8 - 1, Math.min(asked, 3_600_000)));
      expect(wait).toBeLessThanOrEqual(Math.max(usual * 1.2 + 1, Math.min(asked, 3_600_000)));
    }),
  );
});
