/** Usage: what a tenant's sessions used, listed and summed up (spec/http-api.md §11). */
import type { Contract, Parsed, UsageEvent, UsageEventType, UsageStats } from '@ash-ai/shared/contract';
import type { UsageRoom } from '../http/rooms.ts';
import type { Store } from '../store/open.ts';
import * as usageStore from '../store/usage.ts';

export class Usage implements UsageRoom {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async list(tenantId: string, query: Parsed<Contract['listUsageEvents']>['query']): Promise<UsageEvent[]> {
    const rows = await usageStore.list(this.#store.db, tenantId, query);
    return rows.map((row) => ({ ...row, eventType: row.eventType as UsageEventType }));
  }

  async stats(tenantId: string, query: Parsed<Contract['getUsageStats']>['query']): Promise<UsageStats> {
    const totals = await usageStore.totals(this.#store.db, tenantId, query);
    const of = (eventType: UsageEventType): number => totals[eventType] ?? 0;
    return {
      totalInputTokens: of('input_tokens'),
      totalOutputTokens: of('output_tokens'),
      totalCacheCreationTokens: of('cache_creation_tokens'),
      totalCacheReadTokens: of('cache_read_tokens'),
      totalToolCalls: of('tool_call'),
      totalMessages: of('message'),
      totalComputeSeconds: of('compute_seconds'),
      totalCostUsd: of('cost_usd'),
    };
  }
}
