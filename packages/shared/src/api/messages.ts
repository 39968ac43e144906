/** Messages, events and streams of a session: schemas and routes (spec/http-api.md §5, spec/streaming.md). */
import { z } from 'zod';
import { base64, defineRoutes, idParams, plainText, timestamp } from './route.ts';

export const messageSchema = z
  .object({
    id: z.uuid(),
    sessionId: z.uuid(),
    tenantId: z.string(),
    role: z.enum(['user', 'assistant']),
    content: z.string().describe('JSON text: what the user sent, or the SDK message as it was'),
    sequence: z.int().describe("Place in the session's log; a cursor for `after`"),
    createdAt: timestamp,
  })
  .meta({ id: 'Message' });

export const sessionEventTypes = [
  'lifecycle',
  'message',
  'text',
  'reasoning',
  'tool_start',
  'tool_result',
  'turn_complete',
  'approval',
  'mcp_status',
  'error',
] as const;

export const sessionEventSchema = z
  .object({
    id: z.uuid(),
    sessionId: z.uuid(),
    tenantId: z.string(),
    type: z.enum(sessionEventTypes),
    data: z.string().nullable().describe('JSON text'),
    sequence: z.int().describe("Place in the session's log; events of one SDK message share it"),
    createdAt: timestamp,
  })
  .meta({ id: 'SessionEvent' });

const base64Source = <const T extends readonly [string, ...string[]]>(mediaTypes: T) =>
  z.looseObject({ type: z.literal('base64'), media_type: z.enum(mediaTypes), data: base64.min(1) });

const contentBlockSchema = z
  .discriminatedUnion('type', [
    z.looseObject({ type: z.literal('text'), text: z.string().min(1).max(500_000) }),
    z.looseObject({
      type: z.literal('image'),
      source: base64Source(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
    }),
    z.looseObject({ type: z.literal('document'), source: base64Source(['application/pdf']) }),
  ])
  .meta({ id: 'ContentBlock' });

const sendBody = z
  .object({
    content: z
      .union([z.string().min(1).max(500_000), z.array(contentBlockSchema).min(1).max(20)])
      .describe('The prompt: text, or blocks of text, images and documents'),
    includePartialMessages: z.boolean().default(false).describe('Stream token deltas too'),
    model: plainText(100).min(1).optional().describe('For this turn'),
    maxTurns: z.int().min(1).optional(),
    maxBudgetUsd: z.number().min(0).optional(),
    effort: z.enum(['low', 'medium', 'high', 'max']).optional(),
    thinking: z.object({ type: z.string().max(100), budgetTokens: z.int().optional() }).optional(),
    outputFormat: z
      .object({ type: z.string().max(100), schema: z.record(z.string().max(10_000), z.unknown()) })
      .optional(),
    whenBusy: z
      .enum(['queue', 'reject', 'interrupt'])
      .default('queue')
      .describe('What to do when a turn is running: wait in order, answer 409, or interrupt it'),
  })
  .meta({ id: 'SendMessage' });

const afterSeq = z.int().min(0).default(0).describe('Sequence to start after');

export const messageRoutes = defineRoutes({
  sendMessage: {
    method: 'POST',
    path: '/api/sessions/:id/messages',
    tag: 'messages',
    summary: 'Send a message and stream the turn',
    params: idParams,
    body: sendBody,
    bodyLimitBytes: 50 * 1024 * 1024,
    reply: { kind: 'stream', status: 200 },
    errors: [
      'session_not_found',
      'session_not_active',
      'session_busy',
      'turn_queue_full',
      'capacity_reached',
      'stream_limit_reached',
      'idempotency_key_reused',
      'storage_full',
    ],
  },
  listMessages: {
    method: 'GET',
    path: '/api/sessions/:id/messages',
    tag: 'messages',
    summary: 'List the messages of a session',
    params: idParams,
    query: z.object({ limit: z.int().min(1).max(1000).default(100), after: afterSeq }),
    reply: { kind: 'json', status: 200, schema: z.object({ messages: z.array(messageSchema) }) },
    errors: ['session_not_found'],
  },
  listSessionEvents: {
    method: 'GET',
    path: '/api/sessions/:id/events',
    tag: 'messages',
    summary: 'List the timeline of a session',
    params: idParams,
    query: z.object({
      limit: z.int().min(1).max(1000).default(200).describe('Events of one SDK message are never split over two pages'),
      after: afterSeq,
      type: plainText(100).optional(),
    }),
    reply: { kind: 'json', status: 200, schema: z.object({ events: z.array(sessionEventSchema) }) },
    errors: ['session_not_found'],
  },
  followSession: {
    method: 'GET',
    path: '/api/sessions/:id/stream',
    tag: 'messages',
    summary: 'Follow a session from a cursor',
    params: idParams,
    query: z.object({
      after: z
        .string()
        .meta({ maxLength: 100 })
        .optional()
        .describe('Cursor; the Last-Event-ID header wins. Default: from the beginning'),
      turnId: z.uuid().optional().describe('Show this turn only, and end with its `done`'),
      includePartialMessages: z.boolean().default(false),
    }),
    reply: { kind: 'stream', status: 200 },
    errors: ['session_not_found', 'turn_not_found', 'cursor_invalid', 'stream_limit_reached'],
  },
});
