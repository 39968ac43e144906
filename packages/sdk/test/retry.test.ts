import { expect, test } from 'vitest';
import { retryAfterMs } from '../src/errors.ts';
import { delayBefore } from '../src/retry.ts';

test('delays double up to a ceiling, with half of them left to chance', () => {
  expect([1, 2, 3, 4, 5, 6].map((attempt) => delayBefore(attempt, 0, () => 1))).toEqual([
    250, 500, 1000, 2000, 4000, 5000,
  ]);
  expect(delayBefore(1, 0, () => 0)).toBe(125);
});

test('what the server asks for is a floor, and more than a minute is too much', () => {
  expect(delayBefore(1, 7000)).toBe(7000);
  expect(delayBefore(1, 60_001)).toBeUndefined();
});

test('Retry-After is read as seconds or as a date', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  expect(retryAfterMs('3')).toBe(3000);
  expect(retryAfterMs('Wed, 21 Oct 2026 07:28:05 GMT', now)).toBe(5000);
  expect(retryAfterMs('Wed, 21 Oct 2026 07:27:00 GMT', now)).toBe(0);
  expect(retryAfterMs('soon')).toBeUndefined();
  expect(retryAfterMs(null)).toBeUndefined();
});
