/** The queue: schemas and routes (spec/http-api.md §10). */
import { z } from 'zod';
import { defineRoutes, idParams, plainText, timestamp } from './route.ts';

export const queueItemStatuses = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const;

export const queueItemSchema = z
  .object({
    id: z.uuid(),
    tenantId: z.string(),
    sessionId: z.uuid().nullable().describe('The session that holds the results; made by the first attempt if none'),
    turnId: z.uuid().nullable().describe('The turn of the newest attempt'),
    agentName: z.string(),
    prompt: z.string(),
    status: z.enum(queueItemStatuses),
    priority: z.int(),
    retryCount: z.int().describe('Attempts that have failed'),
    maxRetries: z.int().describe('Attempts at most; at least one is made'),
    error: z.string().nullable().describe('Why the newest attempt failed'),
    retryAfter: timestamp.nullable().describe('When the next attempt is due'),
    createdAt: timestamp,
    startedAt: timestamp.nullable().describe('When the newest attempt started'),
    completedAt: timestamp.nullable(),
  })
  .meta({ id: 'QueueItem' });

const enqueueBody = z
  .object({
    agentName: plainText(255).min(1),
    prompt: z.string().min(1).max(500_000),
    sessionId: z.uuid().optional().describe('A session of that agent; default: a new one'),
    priority: z.int().min(0).default(0).describe('Higher ones go first'),
    maxRetries: z.int().min(0).default(3).describe('Attempts at most; at least one is made'),
  })
  .meta({ id: 'Enqueue' });

const itemReply = z.object({ item: queueItemSchema });

export const queueRoutes = defineRoutes({
  enqueue: {
    method: 'POST',
    path: '/api/queue',
    tag: 'queue',
    summary: 'Queue a prompt for an agent',
    body: enqueueBody,
    bodyLimitBytes: 8 * 1024 * 1024,
    reply: { kind: 'json', status: 201, schema: itemReply },
    errors: ['session_not_found', 'idempotency_key_reused', 'storage_full'],
  },
  listQueueItems: {
    method: 'GET',
    path: '/api/queue',
    tag: 'queue',
    summary: 'List queue items, newest first',
    query: z.object({
      status: z.enum(queueItemStatuses).optional(),
      limit: z.int().min(1).max(500).default(50),
    }),
    reply: { kind: 'json', status: 200, schema: z.object({ items: z.array(queueItemSchema) }) },
    errors: [],
  },
  getQueueStats: {
    method: 'GET',
    path: '/api/queue/stats',
    tag: 'queue',
    summary: 'Count queue items by status',
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({
        stats: z
          .object({
            pending: z.int(),
            processing: z.int(),
            completed: z.int(),
            failed: z.int(),
            cancelled: z.int(),
          })
          .meta({ id: 'QueueStats' }),
      }),
    },
    errors: [],
  },
  getQueueItem: {
    method: 'GET',
    path: '/api/queue/:id',
    tag: 'queue',
    summary: 'Get a queue item',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: itemReply },
    errors: ['queue_item_not_found'],
  },
  cancelQueueItem: {
    method: 'DELETE',
    path: '/api/queue/:id',
    tag: 'queue',
    summary: 'Cancel a pending queue item',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: itemReply },
    errors: ['queue_item_not_found', 'queue_item_not_pending'],
  },
});
