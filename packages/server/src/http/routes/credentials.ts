/** Credentials: store, list, delete. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { CredentialsRoom } from '../rooms.ts';

type CredentialRoutes = Pick<Contract, 'storeCredential' | 'listCredentials' | 'deleteCredential'>;

/** The handlers of the credential routes. */
export function credentialHandlers(credentials: CredentialsRoom): HandlersOf<CredentialRoutes> {
  return {
    storeCredential: async ({ tenantId, body, headers }) => ({
      credential: await credentials.store(tenantId, body, idempotencyKeyOf(headers)),
    }),
    listCredentials: async ({ tenantId }) => ({ credentials: await credentials.list(tenantId) }),
    deleteCredential: async ({ tenantId, params }) => {
      await credentials.delete(tenantId, params.id);
      return undefined;
    },
  };
}
