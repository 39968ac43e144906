/** The model holds what is promised in every state within its bounds, and notices when a rule is broken. */
import { describe, expect, test } from 'vitest';
import { variants } from './actions.ts';
import { explore } from './explore.ts';
import { type Label, unexplained } from './trace.ts';

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

  test('has a path for a log as it should be, and none for one that should not be', () => {
    const words = (text: string): Label[] =>
      text.split(', ').map((word) => {
        const [kind, turn] = word.split(' ');
        return { kind: kind as Label['kind'], turn: Number(turn) };
      });
    const good = words('accepted 0, started 0, said 0, accepted 1, said 0, end 0, started 1, said 1, end 1');
    expect(unexplained(good, { crashes: 0 })).toBeUndefined();
    const dead = words('accepted 0, started 0, said 0, lost 0, accepted 1, started 1, end 1');
    expect(unexplained(dead, { crashes: 1 })).toBeUndefined();
    expect(unexplained(dead, { crashes: 0 })).toBe(3);
    const second = words('accepted 0, accepted 1, started 0, said 0, end 0, started 1, said 1, lost 1');
    expect(unexplained(second, { crashes: 1 })).toBeUndefined();
    expect(unexplained(words('accepted 0, started 0, end 0, end 0'), { crashes: 3 })).toBe(3);
    expect(unexplained(words('accepted 0, started 0, said 0, started 0'), { crashes: 3 })).toBe(3);
    expect(unexplained(words('accepted 0, accepted 1, started 0, started 1'), { crashes: 3 })).toBe(3);
    expect(unexplained(words('started 0'), { crashes: 3 })).toBe(0);
  });
});
