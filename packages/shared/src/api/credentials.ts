/** Credentials: schemas and routes (spec/http-api.md §9, §14.5). No route ever answers with key material. */
import { z } from 'zod';
import { defineRoutes, plainText, timestamp } from './route.ts';

export const credentialTypes = ['anthropic', 'openai', 'custom', 'bedrock'] as const;
export type CredentialType = (typeof credentialTypes)[number];

export const credentialSchema = z
  .object({
    id: z.string(),
    type: z.enum(credentialTypes),
    label: z.string().describe('Empty when none was given'),
    active: z.boolean(),
    createdAt: timestamp,
    lastUsedAt: timestamp.nullable().describe('When a session was last given it'),
  })
  .meta({ id: 'Credential' });

const storeBody = z
  .object({
    type: z
      .enum(credentialTypes)
      .describe('Where it is used: the model API, or a variable of the sandbox (OPENAI_API_KEY, ASH_CUSTOM_API_KEY)'),
    key: plainText(65_536)
      .min(1)
      .describe(
        'The secret; of bedrock: JSON text with accessKeyId, secretAccessKey, region and, if any, sessionToken',
      ),
    label: plainText(255).default(''),
  })
  .meta({ id: 'StoreCredential' });

export const credentialRoutes = defineRoutes({
  storeCredential: {
    method: 'POST',
    path: '/api/credentials',
    tag: 'credentials',
    summary: 'Store a credential, sealed',
    body: storeBody,
    reply: { kind: 'json', status: 201, schema: z.object({ credential: credentialSchema }) },
    errors: ['credential_key_missing', 'idempotency_key_reused', 'storage_full'],
  },
  listCredentials: {
    method: 'GET',
    path: '/api/credentials',
    tag: 'credentials',
    summary: 'List credentials, newest first',
    reply: { kind: 'json', status: 200, schema: z.object({ credentials: z.array(credentialSchema) }) },
    errors: [],
  },
  deleteCredential: {
    method: 'DELETE',
    path: '/api/credentials/:id',
    tag: 'credentials',
    summary: 'Delete a credential',
    params: z.object({ id: plainText(255) }),
    reply: { kind: 'none', status: 204 },
    errors: ['credential_not_found'],
  },
});
