/** Idle time shrinks as places get scarce. */
import { expect, test } from 'vitest';
import { idleMsAt } from '../../src/turns/places.ts';

test('sessions may idle for long while there is room, and for a tenth of that when there is none', () => {
  expect([0, 0.5, 0.75, 1, 2].map((share) => Math.round(idleMsAt(share, 1000)))).toEqual([1000, 1000, 550, 100, 100]);
});
