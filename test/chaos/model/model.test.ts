/** The model holds what is promised in every state within its bounds, and notices when a rule is broken. */
import { describe, expect, test } from 'vitest';
import { variants } from './actions.ts';
import { explore } from './explore.ts';

describe('the model of turn, log and lease', () => {
  test('every state within its bounds keeps the promises, and comes to its end', () => {
    const { states, violation } = explore({ turns: 1, crashes: 2 });
    expect(violation).toBeUndefined();
    expect(states).toBeGreaterThan(10_000);
  });

  test.each(variants)('notices: %s', (variant) => {
    const { violation } = explore({ turns: 1, crashes: 2 }, variant);
    expect(violation?.what).toBeDefined();
    expect(violation?.path.length).toBeGreaterThan(0);
  });
});
