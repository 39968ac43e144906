/**
 * What a turn cost. The runtime tells only running totals, of money and of tokens, which go on from one turn to the
 * next, and over a restart of the runtime that ended in good order. Measured: the successor of one that was killed goes
 * on from the totals of the last good end; a copied conversation has those of its original if that was asleep, else
 * none. Pure.
 */
import type { SdkMessage } from '@ash-ai/shared';

/** Where the running totals of a session are. */
export interface CostMark {
  costTotal: number;
  /** Tokens of every kind and model, also those that subagents used. */
  costTokens: number;
}

/** What a result says of costs. */
export interface CostReport extends CostMark {
  /** Tokens of its turn, without those that subagents used. */
  turnTokens: number;
}

/** Reads the totals of a result. */
export function costReport(result: SdkMessage): CostReport {
  const { input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens } = record(result.usage);
  const models = Object.values(record(result.modelUsage)).map((model) => {
    const { inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens } = record(model);
    return sum(inputTokens, outputTokens, cacheReadInputTokens, cacheCreationInputTokens);
  });
  return {
    costTotal: amount(result.total_cost_usd),
    costTokens: sum(...models),
    turnTokens: sum(input_tokens, output_tokens, cache_creation_input_tokens, cache_read_input_tokens),
  };
}

/**
 * The cost of a turn: how far the total has moved since the mark. Where it cannot have gone on from there, because too
 * few tokens were added for the turn, it is the turn's share of the tokens.
 */
export function costOf(report: CostReport, before: CostMark): number {
  const { costTotal, costTokens, turnTokens } = report;
  const goesOn = costTotal >= before.costTotal && (costTokens === 0 || costTokens - before.costTokens >= turnTokens);
  if (goesOn) return costTotal - before.costTotal;
  return costTokens === 0 ? costTotal : costTotal * Math.min(1, turnTokens / costTokens);
}

/** Frames come out of the sandbox: anything may stand where a number should. */
export function amount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
}

function sum(...values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + amount(value), 0);
}

/** The fields of what should be an object. */
export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
