/** What a turn cost, from running totals. Amounts are those of a real runtime with a scripted model. */
import { expect, test } from 'vitest';
import { costOf, costReport } from '../../src/usage/cost.ts';

const none = { costTotal: 0, costTokens: 0 };

/** A result of a turn with so many tokens of its own, when the totals are these. */
function result(costTotal: number, costTokens: number, turnTokens: number) {
  return { costTotal, costTokens, turnTokens };
}

test('the totals of a result are those of all its models', () => {
  const modelUsage = {
    opus: { inputTokens: 1, outputTokens: 2, cacheReadInputTokens: 4, cacheCreationInputTokens: 8, costUSD: 1 },
    haiku: { inputTokens: 16, contextWindow: 1_000_000 },
  };
  const usage = { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 4, cache_creation_input_tokens: 8 };
  expect(costReport({ type: 'result', total_cost_usd: 1.5, modelUsage, usage })).toEqual(result(1.5, 31, 15));
  expect(costReport({ type: 'result', total_cost_usd: 'x', modelUsage: [null, 7], usage: null })).toEqual(
    result(0, 0, 0),
  );
});

test('it is the difference to the total before', () => {
  expect(costOf(result(0.25, 1000, 1000), none)).toBe(0.25);
  expect(costOf(result(0.5, 2000, 1000), result(0.25, 1000, 0))).toBe(0.25);
  // A turn with a subagent adds more tokens than its own.
  expect(costOf(result(0.75, 9000, 1000), result(0.25, 1000, 0))).toBe(0.5);
  // Nothing was used: a model call that failed.
  expect(costOf(result(0.5, 2000, 0), result(0.5, 2000, 0))).toBe(0);
});

test('a process that was killed took its costs along: the next one goes on from an earlier total', () => {
  const killed = { costTotal: 0.166896, costTokens: 41_473 };
  expect(costOf(result(0.16702, 41_221, 10_469), killed)).toBeCloseTo(0.042, 3);
});

test('a process that begins anew', () => {
  expect(costOf(result(0.125, 1000, 1000), result(0.5, 9000, 0))).toBe(0.125);
  // Also when it has passed the old total in one go.
  expect(costOf(result(0.75, 5000, 5000), result(0.5, 2000, 0))).toBe(0.75);
});

test('totals that cannot have gone on from the mark are shared out by tokens', () => {
  expect(costOf(result(1, 40_000, 10_000), { costTotal: 1, costTokens: 40_000 })).toBe(0.25);
});

test('a runtime that tells no tokens is judged by its total alone', () => {
  expect(costOf(result(0.75, 0, 10), { costTotal: 0.5, costTokens: 0 })).toBe(0.25);
  expect(costOf(result(0.25, 0, 10), { costTotal: 0.5, costTokens: 7 })).toBe(0.25);
});
