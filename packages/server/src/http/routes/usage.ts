/** Usage: list and sum up. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { UsageRoom } from '../rooms.ts';

/** The handlers of the usage routes. */
export function usageHandlers(usage: UsageRoom): HandlersOf<Pick<Contract, 'listUsageEvents' | 'getUsageStats'>> {
  return {
    listUsageEvents: async ({ tenantId, query }) => ({ events: await usage.list(tenantId, query) }),
    getUsageStats: async ({ tenantId, query }) => ({ stats: await usage.stats(tenantId, query) }),
  };
}
