/** API keys of the caller's tenant; and, for the platform that holds the internal secret, of any. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { ApiKeysRoom } from '../rooms.ts';

type KeyRoutes = Pick<Contract, 'listApiKeys' | 'createApiKey' | 'deleteApiKey' | 'createTenantApiKey' | 'listRunners'>;

/** The handlers of the API key routes and the internal ones. */
export function apiKeyHandlers(keys: ApiKeysRoom): HandlersOf<KeyRoutes> {
  return {
    listApiKeys: async ({ tenantId }) => ({ keys: await keys.list(tenantId) }),
    createApiKey: ({ tenantId, body, headers }) => keys.create(tenantId, body.label, idempotencyKeyOf(headers)),
    deleteApiKey: async ({ tenantId, params }) => {
      await keys.delete(tenantId, params.id);
      return undefined;
    },
    createTenantApiKey: async ({ body, headers }) => {
      const { tenantId, label = `platform-${tenantId}` } = body;
      return { ...(await keys.create(tenantId, label, idempotencyKeyOf(headers))), tenantId };
    },
    listRunners: async () => ({ runners: [], count: 0, hasLocal: true }),
  };
}
