/** API keys and the internal routes: schemas and routes (spec/http-api.md §12, §13, §14.2). */
import { z } from 'zod';
import { defineRoutes, plainText, timestamp } from './route.ts';

export const apiKeySchema = z
  .object({
    id: z.string().describe('"env" is the key that ASH_API_KEY gives the server'),
    label: z.string(),
    keyPrefix: z.string().describe('How the key begins, masked'),
    createdAt: timestamp.describe('Empty for "env"'),
  })
  .meta({ id: 'ApiKey' });

const plaintext = z.string().describe('The key itself; shown only here');

export const apiKeyRoutes = defineRoutes({
  listApiKeys: {
    method: 'GET',
    path: '/api/api-keys',
    tag: 'api-keys',
    summary: "List the tenant's API keys, newest first",
    reply: { kind: 'json', status: 200, schema: z.object({ keys: z.array(apiKeySchema) }) },
    errors: [],
  },
  createApiKey: {
    method: 'POST',
    path: '/api/api-keys',
    tag: 'api-keys',
    summary: 'Make an API key for the tenant',
    optionalBody: true,
    body: z.object({ label: plainText(255).default('dashboard-key') }).meta({ id: 'CreateApiKey' }),
    reply: { kind: 'json', status: 201, schema: z.object({ id: z.string(), key: plaintext }) },
    errors: ['idempotency_key_reused', 'storage_full'],
  },
  deleteApiKey: {
    method: 'DELETE',
    path: '/api/api-keys/:id',
    tag: 'api-keys',
    summary: 'Delete an API key; it stops working at once',
    params: z.object({ id: plainText(255) }),
    reply: { kind: 'none', status: 204 },
    errors: ['api_key_not_found'],
  },
  createTenantApiKey: {
    method: 'POST',
    path: '/api/internal/api-keys',
    tag: 'internal',
    summary: 'Make an API key for any tenant',
    internal: true,
    body: z
      .object({
        tenantId: plainText(255).min(1),
        label: plainText(255).optional().describe('Default: platform-<tenantId>'),
      })
      .meta({ id: 'CreateTenantApiKey' }),
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({ id: z.string(), key: plaintext, tenantId: z.string() }),
    },
    errors: ['idempotency_key_reused', 'storage_full'],
  },
  listRunners: {
    method: 'GET',
    path: '/api/internal/runners',
    tag: 'internal',
    summary: 'List the hosts of sandboxes',
    internal: true,
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({
        runners: z.array(
          z
            .object({
              runnerId: z.string(),
              host: z.string(),
              port: z.int(),
              active: z.int(),
              max: z.int(),
              lastHeartbeat: timestamp,
            })
            .meta({ id: 'Runner' }),
        ),
        count: z.int(),
        hasLocal: z.boolean().describe('Whether the server runs sandboxes itself'),
      }),
    },
    errors: [],
  },
});
