/** `ash usage` and `ash usage stats`: tokens, tool calls, time and cost. */
import type { UsageEvent } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { count, instant } from '../option-values.ts';
import { type Column, showList, showOne } from '../output/show.ts';
import { ago, lasting } from '../output/words.ts';

export interface UsageOptions {
  agent?: string;
  sessionId?: string;
  since?: string;
  until?: string;
  limit?: string;
}

const columns: readonly Column<UsageEvent>[] = [
  { title: 'time', of: ({ createdAt }) => createdAt.slice(0, 19).replace('T', ' ') },
  { title: 'type', of: ({ eventType }) => eventType },
  { title: 'value', of: ({ value }) => Number(value.toFixed(6)), right: true },
  { title: 'agent', of: ({ agentName }) => agentName, elastic: true },
  { title: 'session', of: ({ sessionId }) => sessionId },
];

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
      ['time of turns', lasting(stats.totalComputeSeconds * 1000)],
      ['cost', `$${stats.totalCostUsd.toFixed(4)} by list prices`],
    ],
  });
}

function filters({ agent, sessionId, since, until }: UsageOptions) {
  return { agentName: agent, sessionId, after: instant('--since', since), before: instant('--until', until) };
}
