/** Webhooks: endpoints, their secrets, and what was delivered. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { WebhooksRoom } from '../rooms.ts';

type WebhookRoutes = Pick<
  Contract,
  | 'createWebhook'
  | 'listWebhooks'
  | 'getWebhook'
  | 'updateWebhook'
  | 'deleteWebhook'
  | 'rotateWebhookSecret'
  | 'testWebhook'
  | 'listWebhookDeliveries'
  | 'getWebhookDelivery'
  | 'redeliverWebhook'
  | 'replayWebhook'
>;

/** The handlers of the webhook routes. */
export function webhookHandlers(webhooks: WebhooksRoom): HandlersOf<WebhookRoutes> {
  return {
    createWebhook: ({ tenantId, body, headers }) => webhooks.create(tenantId, body, idempotencyKeyOf(headers)),
    listWebhooks: async ({ tenantId }) => ({ webhooks: await webhooks.list(tenantId) }),
    getWebhook: async ({ tenantId, params }) => ({ webhook: await webhooks.get(tenantId, params.id) }),
    updateWebhook: async ({ tenantId, params, body }) => ({
      webhook: await webhooks.update(tenantId, params.id, body),
    }),
    deleteWebhook: async ({ tenantId, params }) => {
      await webhooks.delete(tenantId, params.id);
      return undefined;
    },
    rotateWebhookSecret: ({ tenantId, params, body, headers }) =>
      webhooks.rotate(tenantId, params.id, body.overlapSeconds, idempotencyKeyOf(headers)),
    testWebhook: async ({ tenantId, params, headers }) => ({
      delivery: await webhooks.test(tenantId, params.id, idempotencyKeyOf(headers)),
    }),
    listWebhookDeliveries: async ({ tenantId, params, query }) => ({
      deliveries: await webhooks.deliveries(tenantId, params.id, query),
    }),
    getWebhookDelivery: ({ tenantId, params }) => webhooks.delivery(tenantId, params.id, params.deliveryId),
    redeliverWebhook: async ({ tenantId, params }) => ({
      delivery: await webhooks.redeliver(tenantId, params.id, params.deliveryId),
    }),
    replayWebhook: async ({ tenantId, params, body }) => ({
      replayed: await webhooks.replay(tenantId, params.id, body),
    }),
  };
}
