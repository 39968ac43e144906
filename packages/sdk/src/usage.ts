/** Usage: tokens, tool calls, time and cost. */
import type { CallOptions, Requests } from './request.ts';
import type { GetUsageStatsOptions, ListUsageEventsOptions, UsageEvent, UsageStats } from './types.ts';

export type UsageCalls = ReturnType<typeof usageCalls>;

/** The calls about usage. */
export function usageCalls(requests: Requests) {
  return {
    /** Usage events, newest first. @param query `sessionId`, `agentName`, `after`, `before`, `limit` (default 100, at most 1000) */
    async listUsageEvents(query: ListUsageEventsOptions = {}, options: CallOptions = {}): Promise<UsageEvent[]> {
      return (await requests.json('listUsageEvents', { query }, options)).events;
    },

    /**
     * Sums of usage.
     *
     * @param query `sessionId`, `agentName`; `after` and `before`, both inclusive
     * @example const { totalCostUsd } = await client.getUsageStats({ after: '2026-01-01T00:00:00Z' });
     */
    async getUsageStats(query: GetUsageStatsOptions = {}, options: CallOptions = {}): Promise<UsageStats> {
      return (await requests.json('getUsageStats', { query }, options)).stats;
    },
  };
}
