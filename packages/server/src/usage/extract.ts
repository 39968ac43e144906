/** What entries of a session's log say about usage. Pure: the same entries give the same amounts. */
import { contentBlocks, type SdkMessage } from '@ash-ai/shared';
import type { UsageEventType } from '@ash-ai/shared/contract';
import { amount, type CostReport, costReport, record } from './cost.ts';

export interface UsageAmount {
  eventType: UsageEventType;
  value: number;
}

/** What a batch of entries says. */
export interface ExtractedUsage {
  /** Everything but costs. */
  amounts: UsageAmount[];
  /** What each result says of costs, in order. */
  costs: CostReport[];
}

/** Names of the counters in the `usage` of a result. */
const tokenCounters = [
  ['input_tokens', 'input_tokens'],
  ['output_tokens', 'output_tokens'],
  ['cache_creation_input_tokens', 'cache_creation_tokens'],
  ['cache_read_input_tokens', 'cache_read_tokens'],
] as const satisfies readonly (readonly [string, UsageEventType])[];

/** The usage in entries that are committed together. A result's `usage` is of its turn alone. */
export function extractUsage(entries: readonly { type: string; dataText: string }[]): ExtractedUsage {
  const amounts: UsageAmount[] = [];
  const costs: CostReport[] = [];
  for (const { type, dataText } of entries) {
    // Most messages hold neither word, and needn't be parsed.
    if (type !== 'message' || !/"(?:result|tool_use)"/.test(dataText)) continue;
    const message = JSON.parse(dataText) as SdkMessage;
    if (message.type === 'assistant') {
      const calls = contentBlocks(message).filter((block) => block.type === 'tool_use');
      amounts.push(...calls.map((): UsageAmount => ({ eventType: 'tool_call', value: 1 })));
    } else if (message.type === 'result') {
      amounts.push(...tokensOf(message), { eventType: 'message', value: 1 });
      costs.push(costReport(message));
    }
  }
  return { amounts, costs };
}

/** How long a turn ran. None for one that never did. */
export function computeSeconds(turn: { startedAt: string | null; endedAt: string | null }): UsageAmount[] {
  if (turn.startedAt === null || turn.endedAt === null) return [];
  const seconds = (Date.parse(turn.endedAt) - Date.parse(turn.startedAt)) / 1000;
  return seconds > 0 ? [{ eventType: 'compute_seconds', value: seconds }] : [];
}

function tokensOf(result: SdkMessage): UsageAmount[] {
  const usage = record(result.usage);
  return tokenCounters.flatMap(([counter, eventType]) => {
    const value = amount(usage[counter]);
    return value > 0 ? [{ eventType, value }] : [];
  });
}
