/** Webhooks: where a tenant wants its events sent, and what became of that. */
import { errors, newId, webhookTestType } from '@ash-ai/shared';
import { type Contract, type Parsed, type Webhook, type WebhookDelivery, webhookLimits } from '@ash-ai/shared/contract';
import type { Seal } from '../credentials/seal.ts';
import type { WebhooksRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import type { Store } from '../store/open.ts';
import type { Reader } from '../store/row.ts';
import * as deliveryStore from '../store/webhook-deliveries.ts';
import * as endpointStore from '../store/webhook-endpoints.ts';
import { payloadOf } from './payload.ts';
import { newSecret } from './signature.ts';
import type { Targets } from './target.ts';

export interface WebhooksOptions {
  store: Store;
  seal: Seal;
  targets: Targets;
  /** Called when there is something to deliver. */
  nudge(): void;
}

export class Webhooks implements WebhooksRoom {
  readonly #options: WebhooksOptions;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  async create(
    tenantId: string,
    request: Parsed<Contract['createWebhook']>['body'],
    idempotencyKey?: string,
  ): Promise<{ webhook: Webhook; secret: string }> {
    const { store, seal, targets } = this.#options;
    targets.check(request.url);
    const id = newId();
    const at = new Date().toISOString();
    const secret = await seal.sealText(newSecret());
    const claim = { tenantId, key: idempotencyKey, request: { webhook: request }, resourceId: id, at };
    const row = await store.write(async (tx) => {
      const earlier = await claimOnce(tx, claim);
      if (earlier !== undefined) return await need(tx, tenantId, earlier);
      const limit = webhookLimits.maxEndpoints;
      if ((await endpointStore.list(tx, tenantId)).length >= limit) throw errors.webhook_limit_reached({ limit });
      const none = { previousSecret: null, previousSecretUntil: null };
      const made = { id, tenantId, ...request, enabled: true, secret, ...none, createdAt: at, updatedAt: at };
      return await endpointStore.insert(tx, made);
    });
    return { webhook: toWebhook(row), secret: await seal.openText(row.secret) };
  }

  async list(tenantId: string): Promise<Webhook[]> {
    return (await endpointStore.list(this.#options.store.db, tenantId)).map(toWebhook);
  }

  async get(tenantId: string, id: string): Promise<Webhook> {
    return toWebhook(await need(this.#options.store.db, tenantId, id));
  }

  async update(tenantId: string, id: string, patch: Parsed<Contract['updateWebhook']>['body']): Promise<Webhook> {
    const { store, targets } = this.#options;
    if (patch.url !== undefined) targets.check(patch.url);
    // Zod's types allow an explicit undefined, which JSON can't hold.
    const given = patch as Partial<endpointStore.WebhookEndpointRow>;
    const row = await store.write(async (tx) => {
      const change = { tenantId, id, patch: { ...given, updatedAt: new Date().toISOString() } };
      const changed = await endpointStore.update(tx, change);
      if (changed !== undefined && !changed.enabled) await deliveryStore.skipPending(tx, id);
      return changed;
    });
    if (row === undefined) throw errors.webhook_not_found({ webhookId: id });
    return toWebhook(row);
  }

  async delete(tenantId: string, id: string): Promise<void> {
    const removed = await this.#options.store.write((tx) => endpointStore.remove(tx, tenantId, id));
    if (!removed) throw errors.webhook_not_found({ webhookId: id });
  }

  async rotate(
    tenantId: string,
    id: string,
    overlapSeconds: number,
    idempotencyKey?: string,
  ): Promise<{ webhook: Webhook; secret: string }> {
    const { store, seal } = this.#options;
    const at = new Date().toISOString();
    const secret = await seal.sealText(newSecret());
    const claim = { tenantId, key: idempotencyKey, request: { rotate: id, overlapSeconds }, resourceId: id, at };
    const row = await store.write(async (tx) => {
      const before = await need(tx, tenantId, id);
      if ((await claimOnce(tx, claim)) !== undefined) return before;
      // biome-ignore lint/plugin: stored, and outlives this process
      const until = overlapSeconds === 0 ? null : new Date(Date.now() + overlapSeconds * 1000).toISOString();
      const previous = { previousSecret: until && before.secret, previousSecretUntil: until };
      return await endpointStore.update(tx, { tenantId, id, patch: { secret, ...previous, updatedAt: at } });
    });
    if (row === undefined) throw errors.webhook_not_found({ webhookId: id });
    return { webhook: toWebhook(row), secret: await seal.openText(row.secret) };
  }

  async test(tenantId: string, id: string, idempotencyKey?: string): Promise<WebhookDelivery> {
    const { store, nudge } = this.#options;
    const deliveryId = newId();
    const at = new Date().toISOString();
    const claim = { tenantId, key: idempotencyKey, request: { test: id }, resourceId: deliveryId, at };
    const row = await store.write(async (tx) => {
      await needEnabled(tx, tenantId, id);
      const earlier = await claimOnce(tx, claim);
      if (earlier !== undefined) return await deliveryStore.get(tx, id, earlier);
      const event = { type: webhookTestType, eventId: `msg_${deliveryId}`, at };
      return await deliveryStore.insert(tx, { id: deliveryId, tenantId, endpointId: id, event });
    });
    if (row === undefined) throw errors.webhook_delivery_not_found({ deliveryId });
    nudge();
    return toDelivery(row);
  }

  async deliveries(
    tenantId: string,
    id: string,
    query: Parsed<Contract['listWebhookDeliveries']>['query'],
  ): Promise<WebhookDelivery[]> {
    const { db } = this.#options.store;
    await need(db, tenantId, id);
    return (await deliveryStore.list(db, id, query)).map(toDelivery);
  }

  async delivery(
    tenantId: string,
    id: string,
    deliveryId: string,
  ): Promise<{ delivery: WebhookDelivery; payload: Record<string, unknown> | null }> {
    const { db } = this.#options.store;
    await need(db, tenantId, id);
    const row = await deliveryStore.get(db, id, deliveryId);
    if (row === undefined) throw errors.webhook_delivery_not_found({ deliveryId });
    return { delivery: toDelivery(row), payload: (await payloadOf(db, row)) ?? null };
  }

  async redeliver(tenantId: string, id: string, deliveryId: string): Promise<WebhookDelivery> {
    const { store, nudge } = this.#options;
    const row = await store.write(async (tx) => {
      await needEnabled(tx, tenantId, id);
      return await deliveryStore.requeue(tx, { endpointId: id, id: deliveryId, at: new Date().toISOString() });
    });
    if (row === undefined) throw errors.webhook_delivery_not_found({ deliveryId });
    nudge();
    return toDelivery(row);
  }

  async replay(
    tenantId: string,
    id: string,
    { since, until, statuses }: Parsed<Contract['replayWebhook']>['body'],
  ): Promise<number> {
    const { store, nudge } = this.#options;
    const instant = (text: string): string => new Date(text).toISOString();
    const span = { since: instant(since), until: until === undefined ? undefined : instant(until) };
    const replayed = await store.write(async (tx) => {
      await needEnabled(tx, tenantId, id);
      return await deliveryStore.replay(tx, { endpointId: id, ...span, statuses, at: new Date().toISOString() });
    });
    nudge();
    return replayed;
  }
}

async function need(db: Reader, tenantId: string, id: string): Promise<endpointStore.WebhookEndpointRow> {
  const row = await endpointStore.get(db, tenantId, id);
  if (row === undefined) throw errors.webhook_not_found({ webhookId: id });
  return row;
}

async function needEnabled(db: Reader, tenantId: string, id: string): Promise<void> {
  if (!(await need(db, tenantId, id)).enabled) throw errors.webhook_disabled({ webhookId: id });
}

function toWebhook(row: endpointStore.WebhookEndpointRow): Webhook {
  const { id, tenantId, url, description, enabled, previousSecretUntil, createdAt, updatedAt } = row;
  const events = row.events as Webhook['events'];
  return { id, tenantId, url, description, events, enabled, previousSecretUntil, createdAt, updatedAt };
}

function toDelivery(row: deliveryStore.WebhookDeliveryRow): WebhookDelivery {
  const { endpointId, tenantId: _own, seq: _inPayload, claimedBy: _holder, leaseUntil: _lease, type, ...rest } = row;
  return { webhookId: endpointId, type: type as WebhookDelivery['type'], ...rest };
}
