/** API keys of the caller's tenant. */
import type { CallOptions, Requests } from './request.ts';
import type { ApiKey, CreatedApiKey } from './types.ts';

export type ApiKeyCalls = ReturnType<typeof apiKeyCalls>;

/** The calls about API keys. */
export function apiKeyCalls(requests: Requests) {
  return {
    /** All API keys of the tenant, newest first, masked. */
    async listApiKeys(options: CallOptions = {}): Promise<ApiKey[]> {
      return (await requests.json('listApiKeys', {}, options)).keys;
    },

    /** Makes an API key. Its text is in this answer only. */
    createApiKey: (label?: string, options: CallOptions = {}): Promise<CreatedApiKey> =>
      requests.json('createApiKey', { body: { label } }, options),

    /** Deletes an API key; it stops working at once. @throws AshApiError `api_key_not_found` */
    async deleteApiKey(id: string, options: CallOptions = {}): Promise<void> {
      await requests.json('deleteApiKey', { params: { id } }, options);
    },
  };
}
