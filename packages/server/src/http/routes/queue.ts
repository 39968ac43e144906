/** The queue: put in, read, count, cancel. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { QueueRoom } from '../rooms.ts';

type QueueRoutes = Pick<Contract, 'enqueue' | 'listQueueItems' | 'getQueueStats' | 'getQueueItem' | 'cancelQueueItem'>;

/** The handlers of the queue routes. */
export function queueHandlers(queue: QueueRoom): HandlersOf<QueueRoutes> {
  return {
    enqueue: async ({ tenantId, body, headers }) => ({
      item: await queue.enqueue(tenantId, body, idempotencyKeyOf(headers)),
    }),
    listQueueItems: async ({ tenantId, query }) => ({ items: await queue.list(tenantId, query) }),
    getQueueStats: async ({ tenantId }) => ({ stats: await queue.stats(tenantId) }),
    getQueueItem: async ({ tenantId, params }) => ({ item: await queue.get(tenantId, params.id) }),
    cancelQueueItem: async ({ tenantId, params }) => ({ item: await queue.cancel(tenantId, params.id) }),
  };
}
