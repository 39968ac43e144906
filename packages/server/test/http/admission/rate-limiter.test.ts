/** The limiter: how much it lets through, and how little it keeps. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RateLimiter } from '../../../src/http/admission/rate-limiter.ts';

/** A limiter on a clock that tests set. */
function limiterOf(quota: number, windowMs: number, capacity?: number) {
  const clock = { now: 0 };
  return { clock, limiter: new RateLimiter({ quota, windowMs }, () => clock.now, capacity) };
}

test('a quota may be used at once, and comes back evenly', () => {
  const { clock, limiter } = limiterOf(3, 3000);
  expect([1, 2, 3].map(() => limiter.take('a').remaining)).toEqual([2, 1, 0]);
  expect(limiter.take('a')).toEqual({ admitted: false, remaining: 0, resetMs: 3000, retryAfterMs: 1000 });
  expect(limiter.take('b').admitted).toBe(true);
  clock.now = 999;
  expect(limiter.take('a')).toMatchObject({ admitted: false, retryAfterMs: 1 });
  clock.now = 1000;
  expect(limiter.peek('a')).toMatchObject({ admitted: true, remaining: 0 });
  expect(limiter.take('a')).toMatchObject({ admitted: true, remaining: 0, resetMs: 3000 });
  clock.now = 100_000;
  expect(limiter.take('a')).toMatchObject({ admitted: true, remaining: 2 });
});

test('no span of time sees more than the quota and what came back within it', () => {
  const steps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 1000 }), steps, (quota, windowMs, waits) => {
      const { clock, limiter } = limiterOf(quota, windowMs);
      const admitted: number[] = [];
      for (const wait of waits) {
        clock.now += wait;
        const { retryAfterMs, ...standing } = limiter.take('a');
        if (standing.admitted) admitted.push(clock.now);
        // What it says of the wait is true.
        else {
          clock.now += retryAfterMs;
          expect(limiter.peek('a').admitted).toBe(true);
        }
      }
      for (const [first, from] of admitted.entries()) {
        for (const [last, to] of admitted.entries()) {
          if (last < first) continue;
          expect(last - first + 1).toBeLessThanOrEqual(quota + ((to - from) * quota) / windowMs + 1e-3);
        }
      }
    }),
  );
});

test('it keeps a bounded number of names, those that come again longest', () => {
  const { limiter } = limiterOf(1, 1000, 100);
  limiter.take('busy');
  for (let n = 0; n < 10_000; n += 1) {
    limiter.take(`n${n}`);
    expect(limiter.take('busy').admitted).toBe(false);
  }
  expect(limiter.size).toBe(100);
});
