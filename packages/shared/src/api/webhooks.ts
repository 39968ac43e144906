/** Webhooks: endpoints of a tenant, and what was delivered to them. Signatures are those of Standard Webhooks. */
import { z } from 'zod';
import { webhookEventTypes, webhookTestType } from '../webhook-events.ts';
import { defineRoutes, idParams, plainText, timestamp } from './route.ts';

export const webhookLimits = { maxEndpoints: 50, maxUrlChars: 2048, maxOverlapSeconds: 7 * 24 * 3600 } as const;

export const webhookDeliveryStatuses = ['pending', 'delivered', 'failed', 'skipped'] as const;

export const webhookSchema = z
  .object({
    id: z.uuid(),
    tenantId: z.string(),
    url: z.string(),
    description: z.string(),
    events: z.array(z.enum(webhookEventTypes)).nullable().describe('What it is told of; null: everything'),
    enabled: z.boolean().describe('While it is not, events are noted as skipped, and can be replayed'),
    previousSecretUntil: timestamp.nullable().describe('Until when the secret before the rotation signs as well'),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Webhook' });

export const webhookDeliverySchema = z
  .object({
    id: z.uuid(),
    webhookId: z.uuid(),
    eventId: z
      .string()
      .describe('Sent as webhook-id: the same for every attempt, so that it can be used against doubles'),
    type: z.enum([...webhookEventTypes, webhookTestType]),
    sessionId: z.uuid().nullable(),
    queueItemId: z.uuid().nullable(),
    status: z
      .enum(webhookDeliveryStatuses)
      .describe('failed: given up, until it is sent again on demand; skipped: the endpoint was disabled'),
    attempts: z.int().describe('Since it was made, or asked for again'),
    nextAttemptAt: timestamp.nullable(),
    lastAttemptAt: timestamp.nullable(),
    lastStatusCode: z.int().nullable().describe('What the endpoint answered last; null: it did not'),
    lastError: z.string().nullable().describe('Why the last attempt failed'),
    createdAt: timestamp.describe('When the event happened'),
    deliveredAt: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });

const url = plainText(webhookLimits.maxUrlChars).describe(
  'https, without a user or fragment; http only to hosts that the operator lists in ASH_WEBHOOK_TARGETS',
);
const events = z
  .array(z.enum(webhookEventTypes))
  .min(1)
  .max(webhookEventTypes.length)
  .nullable()
  .describe('What it is told of; null: everything');
const description = plainText(255);

const createBody = z
  .object({ url, events: events.default(null), description: description.default('') })
  .meta({ id: 'CreateWebhook' });

const updateBody = z
  .object({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z.boolean().optional().describe('False: what waits is skipped'),
  })
  .meta({ id: 'UpdateWebhook', description: 'Only given fields change' });

const rotateBody = z
  .object({
    overlapSeconds: z
      .int()
      .min(0)
      .max(webhookLimits.maxOverlapSeconds)
      .default(24 * 3600)
      .describe('How long the secret of before signs as well'),
  })
  .meta({ id: 'RotateWebhookSecret' });

const replayBody = z
  .object({
    since: z.iso.datetime({ offset: true }).describe('Events that happened then or later'),
    until: z.iso.datetime({ offset: true }).optional().describe('Events that happened before'),
    statuses: z
      .array(z.enum(['delivered', 'failed', 'skipped']))
      .min(1)
      .max(3)
      .default(['failed', 'skipped'])
      .describe('Deliveries of these states'),
  })
  .meta({ id: 'ReplayWebhook' });

const webhookReply = z.object({ webhook: webhookSchema });
const deliveryReply = z.object({ delivery: webhookDeliverySchema });
const secretReply = webhookReply.extend({
  secret: z.string().describe('"whsec_" and base64: what signatures are checked with; shown only here'),
});
const deliveryParams = z.object({ id: z.uuid().describe('UUID'), deliveryId: z.uuid().describe('UUID') });

export const webhookRoutes = defineRoutes({
  createWebhook: {
    method: 'POST',
    path: '/api/webhooks',
    tag: 'webhooks',
    summary: 'Have events sent to a URL',
    body: createBody,
    reply: { kind: 'json', status: 201, schema: secretReply },
    errors: [
      'webhook_url_invalid',
      'webhook_limit_reached',
      'secret_unreadable',
      'idempotency_key_reused',
      'storage_full',
    ],
  },
  listWebhooks: {
    method: 'GET',
    path: '/api/webhooks',
    tag: 'webhooks',
    summary: 'List webhooks, oldest first',
    reply: { kind: 'json', status: 200, schema: z.object({ webhooks: z.array(webhookSchema) }) },
    errors: [],
  },
  getWebhook: {
    method: 'GET',
    path: '/api/webhooks/:id',
    tag: 'webhooks',
    summary: 'Get a webhook',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: webhookReply },
    errors: ['webhook_not_found'],
  },
  updateWebhook: {
    method: 'PATCH',
    path: '/api/webhooks/:id',
    tag: 'webhooks',
    summary: 'Change a webhook',
    params: idParams,
    body: updateBody,
    reply: { kind: 'json', status: 200, schema: webhookReply },
    errors: ['webhook_not_found', 'webhook_url_invalid'],
  },
  deleteWebhook: {
    method: 'DELETE',
    path: '/api/webhooks/:id',
    tag: 'webhooks',
    summary: 'Delete a webhook and its deliveries',
    params: idParams,
    reply: { kind: 'none', status: 204 },
    errors: ['webhook_not_found'],
  },
  rotateWebhookSecret: {
    method: 'POST',
    path: '/api/webhooks/:id/rotate-secret',
    tag: 'webhooks',
    summary: 'Make a new secret; for a while both sign',
    params: idParams,
    body: rotateBody,
    optionalBody: true,
    reply: { kind: 'json', status: 200, schema: secretReply },
    errors: ['webhook_not_found', 'secret_unreadable', 'idempotency_key_reused', 'storage_full'],
  },
  testWebhook: {
    method: 'POST',
    path: '/api/webhooks/:id/test',
    tag: 'webhooks',
    summary: 'Send an event of type webhook.test',
    params: idParams,
    reply: { kind: 'json', status: 202, schema: deliveryReply },
    errors: ['webhook_not_found', 'webhook_disabled', 'idempotency_key_reused', 'storage_full'],
  },
  listWebhookDeliveries: {
    method: 'GET',
    path: '/api/webhooks/:id/deliveries',
    tag: 'webhooks',
    summary: 'List the deliveries of a webhook, newest first; they are kept for 30 days',
    params: idParams,
    query: z.object({
      status: z.enum(webhookDeliveryStatuses).optional(),
      type: z.enum([...webhookEventTypes, webhookTestType]).optional(),
      limit: z.int().min(1).max(500).default(50),
      before: z.uuid().optional().describe('Only deliveries before the one of this id: the next page'),
    }),
    reply: { kind: 'json', status: 200, schema: z.object({ deliveries: z.array(webhookDeliverySchema) }) },
    errors: ['webhook_not_found'],
  },
  getWebhookDelivery: {
    method: 'GET',
    path: '/api/webhooks/:id/deliveries/:deliveryId',
    tag: 'webhooks',
    summary: 'Get a delivery with what it sends',
    params: deliveryParams,
    reply: {
      kind: 'json',
      status: 200,
      schema: deliveryReply.extend({
        payload: z
          .record(z.string(), z.unknown())
          .nullable()
          .describe('The JSON that is sent; null when what it tells of is gone'),
      }),
    },
    errors: ['webhook_not_found', 'webhook_delivery_not_found'],
  },
  redeliverWebhook: {
    method: 'POST',
    path: '/api/webhooks/:id/deliveries/:deliveryId/redeliver',
    tag: 'webhooks',
    summary: 'Send a delivery again now',
    params: deliveryParams,
    reply: { kind: 'json', status: 202, schema: deliveryReply },
    errors: ['webhook_not_found', 'webhook_delivery_not_found', 'webhook_disabled'],
  },
  replayWebhook: {
    method: 'POST',
    path: '/api/webhooks/:id/replay',
    tag: 'webhooks',
    summary: 'Send the events from a moment on again',
    params: idParams,
    body: replayBody,
    reply: { kind: 'json', status: 202, schema: z.object({ replayed: z.int().describe('Deliveries that wait now') }) },
    errors: ['webhook_not_found', 'webhook_disabled'],
  },
});
