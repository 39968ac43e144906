/** The queue: prompts that the server runs by itself, with retries. */
import type { CallOptions, Requests } from './request.ts';
import type { EnqueueRequest, ListQueueItemsOptions, QueueItem, QueueStats } from './types.ts';

/** What `enqueue` may be given besides the agent and the prompt. */
export type EnqueueOptions = Omit<EnqueueRequest, 'agentName' | 'prompt'> & CallOptions;

export type QueueCalls = ReturnType<typeof queueCalls>;

/** The calls about the queue. */
export function queueCalls(requests: Requests) {
  return {
    /**
     * Queues a prompt. Its results are the messages of the item's session.
     *
     * @param options `sessionId` (default: a new session), `priority` (default 0, higher first), `maxRetries` (attempts, default 3)
     * @throws AshApiError `session_not_found`
     * @example const { id } = await client.enqueue('my-agent', 'Summarise yesterday.', { priority: 5 });
     */
    async enqueue(agentName: string, prompt: string, options: EnqueueOptions = {}): Promise<QueueItem> {
      const { signal, idempotencyKey, ...body } = options;
      const call = { body: { agentName, prompt, ...body } };
      return (await requests.json('enqueue', call, { signal, idempotencyKey })).item;
    },

    /** Queue items, newest first. @param query `status`, `limit` (default 50, at most 500) */
    async listQueueItems(query: ListQueueItemsOptions = {}, options: CallOptions = {}): Promise<QueueItem[]> {
      return (await requests.json('listQueueItems', { query }, options)).items;
    },

    /** One queue item. @throws AshApiError `queue_item_not_found` */
    async getQueueItem(id: string, options: CallOptions = {}): Promise<QueueItem> {
      return (await requests.json('getQueueItem', { params: { id } }, options)).item;
    },

    /** Cancels a pending item. @throws AshApiError `queue_item_not_found`, `queue_item_not_pending` */
    async cancelQueueItem(id: string, options: CallOptions = {}): Promise<QueueItem> {
      return (await requests.json('cancelQueueItem', { params: { id } }, options)).item;
    },

    /** How many items of the tenant are in each state. */
    async getQueueStats(options: CallOptions = {}): Promise<QueueStats> {
      return (await requests.json('getQueueStats', {}, options)).stats;
    },
  };
}
