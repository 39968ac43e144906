/** `ash usage` and `ash usage stats`: tokens, tool calls, time and cost. */
import type { UsageEvent } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { count, instant } from '../option-values.ts';
import { type Column, showList, showOne } from '../output/show.ts';
import { ago } from '../output/words.ts';

export interface UsageOptions {
  agent?: string;
  sessionId?: string;
  since?: string;
  until?: string;
  limit?: string;
}

const columns: readonly Column<UsageEvent>[] = [
  { title: 'when', of: ({ createdAt }) => ago(createdAt) },
  { title: 'what', of: ({ eventType }) => words[eventType] },
  { title: 'amount', of: ({ value }) => Number(value.toFixed(6)), right: true },
  { title: 'session', of: ({ sessionId }) => sessionId },
  { title: 'agent', of: ({ agentName }) => agentName, elastic: true },
];

const words: Readonly<Record<UsageEvent['eventType'], string>> = {
  input_tokens: 'input tokens',
  output_tokens: 'output tokens',
  cache_creation_tokens: 'cache written',
  cache_read_tokens: 'cache read',
  tool_call: 'tool calls',
  message: 'messages',
  compute_seconds: 'seconds',
  cost_usd: 'US dollars',
};

export async function listUsage(context: Context, options: UsageOptions): Promise<void> {
  const query = { ...filters(options), limit: count('--limit', options.limit) };
  const events = await (await context.client()).listUsageEvents(query);
  showList(context, events, { columns, key: ({ id }) => id, none: 'Nothing was used in that time.' });
}

export async function usageStats(context: Context, options: UsageOptions): Promise<void> {
  const query = filters(options);
  const stats = await (await context.client()).getUsageStats(query);
  const number = (value: number) => value.toLocaleString('en-US');
  showOne(context, stats, {
    key: stats.totalCostUsd,
    facts: [
      ['from', query.after && `${query.after} (${ago(query.after)})`],
      ['until', query.before],
      ['messages', number(stats.totalMessages)],
      ['tool calls', number(stats.totalToolCalls)],
      ['input tokens', number(stats.totalInputTokens)],
      ['output tokens', number(stats.totalOutputTokens)],
      ['cache written', number(stats.totalCacheCreationTokens)],
      ['cache read', number(stats.totalCacheReadTokens)],
      ['time of turns', `${stats.totalComputeSeconds.toFixed(1)} s`],
      ['cost', `$${stats.totalCostUsd.toFixed(4)} by list prices`],
    ],
  });
}

function filters({ agent, sessionId, since, until }: UsageOptions) {
  return { agentName: agent, sessionId, after: instant('--since', since), before: instant('--until', until) };
}
