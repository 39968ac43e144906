/** Usage: schemas and routes (spec/http-api.md §11). */
import { z } from 'zod';
import { defineRoutes, plainText, timestamp } from './route.ts';

export const usageEventTypes = [
  'input_tokens',
  'output_tokens',
  'cache_creation_tokens',
  'cache_read_tokens',
  'tool_call',
  'message',
  'compute_seconds',
  'cost_usd',
] as const;
export type UsageEventType = (typeof usageEventTypes)[number];

export const usageEventSchema = z
  .object({
    id: z.uuid(),
    tenantId: z.string(),
    sessionId: z.uuid(),
    agentName: z.string(),
    eventType: z.enum(usageEventTypes),
    value: z.number(),
    createdAt: timestamp,
  })
  .meta({ id: 'UsageEvent' });

const usageStatsSchema = z
  .object({
    totalInputTokens: z.number(),
    totalOutputTokens: z.number(),
    totalCacheCreationTokens: z.number(),
    totalCacheReadTokens: z.number(),
    totalToolCalls: z.number(),
    totalMessages: z.number().describe('Answered messages'),
    totalComputeSeconds: z.number().describe('Time that turns ran'),
    totalCostUsd: z.number().describe("As the agent runtime reckons it from the models' list prices"),
  })
  .meta({ id: 'UsageStats' });

/** Instants are compared as text, so every one is brought into the form that the server stores. */
const instant = z.iso
  .datetime({ offset: true, error: 'must be a date-time such as 2026-01-31T00:00:00Z' })
  .transform((text, context) => {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return new Date(ms).toISOString();
    context.addIssue('must be a date-time such as 2026-01-31T00:00:00Z');
    return z.NEVER;
  });

const filters = z.object({
  sessionId: z.uuid().optional(),
  agentName: plainText(255).optional(),
  after: instant.optional().describe('Not before this instant'),
  before: instant.optional().describe('Not after this instant'),
});

export const usageRoutes = defineRoutes({
  listUsageEvents: {
    method: 'GET',
    path: '/api/usage',
    tag: 'usage',
    summary: 'List usage events, newest first',
    query: filters.extend({ limit: z.int().min(1).max(1000).default(100) }),
    reply: { kind: 'json', status: 200, schema: z.object({ events: z.array(usageEventSchema) }) },
    errors: [],
  },
  getUsageStats: {
    method: 'GET',
    path: '/api/usage/stats',
    tag: 'usage',
    summary: 'Sum up usage',
    query: filters,
    reply: { kind: 'json', status: 200, schema: z.object({ stats: usageStatsSchema }) },
    errors: [],
  },
});
