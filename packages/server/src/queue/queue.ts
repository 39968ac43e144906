/** The queue: prompts that wait for their turn (spec/http-api.md §10). */
import { errors, newId } from '@ash-ai/shared';
import type { Contract, Parsed, QueueItem, QueueStats } from '@ash-ai/shared/contract';
import type { QueueRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import type { Store } from '../store/open.ts';
import * as queueStore from '../store/queue.ts';
import * as sessionStore from '../store/sessions.ts';

export interface QueueOptions {
  store: Store;
  /** Called when there is an item to take. */
  nudge(): void;
  /** Default: the system's clock. */
  clock?: { now(): number } | undefined;
}

export class Queue implements QueueRoom {
  readonly #store: Store;
  readonly #nudge: () => void;
  readonly #clock: { now(): number };

  constructor({ store, nudge, clock = Date }: QueueOptions) {
    this.#store = store;
    this.#nudge = nudge;
    this.#clock = clock;
  }

  async enqueue(
    tenantId: string,
    request: Parsed<Contract['enqueue']>['body'],
    idempotencyKey?: string,
  ): Promise<QueueItem> {
    const id = newId();
    const { sessionId = null, agentName } = request;
    const createdAt = this.#now();
    const claim = { tenantId, key: idempotencyKey, request, resourceId: id, at: createdAt };
    const item = await this.#store.write(async (tx) => {
      const earlier = await claimOnce(tx, claim);
      if (earlier !== undefined) return await queueStore.get(tx, tenantId, earlier);
      if (sessionId !== null) {
        const session = await sessionStore.get(tx, tenantId, sessionId);
        if (session === undefined) throw errors.session_not_found({ sessionId });
        if (session.agentName !== agentName) {
          const reason = `agentName: the session is one of agent ${JSON.stringify(session.agentName)}`;
          throw errors.validation_failed({ reason });
        }
      }
      return await queueStore.insert(tx, { ...request, id, tenantId, sessionId, createdAt });
    });
    if (item === undefined) throw errors.queue_item_not_found({ itemId: id });
    this.#nudge();
    return toQueueItem(item);
  }

  async list(tenantId: string, query: Parsed<Contract['listQueueItems']>['query']): Promise<QueueItem[]> {
    return (await queueStore.list(this.#store.db, tenantId, query)).map(toQueueItem);
  }

  async stats(tenantId: string): Promise<QueueStats> {
    return await queueStore.countByStatus(this.#store.db, tenantId);
  }

  async get(tenantId: string, id: string): Promise<QueueItem> {
    const item = await queueStore.get(this.#store.db, tenantId, id);
    if (item === undefined) throw errors.queue_item_not_found({ itemId: id });
    return toQueueItem(item);
  }

  async cancel(tenantId: string, id: string): Promise<QueueItem> {
    const at = this.#now();
    const item = await this.#store.write(async (tx) => {
      const cancelled = await queueStore.cancel(tx, { tenantId, id, at });
      if (cancelled !== undefined) return cancelled;
      const found = await queueStore.get(tx, tenantId, id);
      if (found === undefined) throw errors.queue_item_not_found({ itemId: id });
      throw errors.queue_item_not_pending({ status: found.status });
    });
    return toQueueItem(item);
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

/** An item's row as the API shows it. */
function toQueueItem({ leaseUntil: _lease, claimedBy: _holder, ...item }: queueStore.QueueItemRow): QueueItem {
  return item;
}
