/** Credentials: store, list, delete. */
import type { CallOptions, Requests } from './request.ts';
import type { BedrockCredential, Credential, CredentialType } from './types.ts';

export type CredentialCalls = ReturnType<typeof credentialCalls>;

/** The calls about credentials. */
export function credentialCalls(requests: Requests) {
  async function storeCredential(
    type: CredentialType,
    key: string,
    label?: string,
    options: CallOptions = {},
  ): Promise<Credential> {
    return (await requests.json('storeCredential', { body: { type, key, label } }, options)).credential;
  }

  return {
    /**
     * Stores a secret for a provider, sealed. Give its id to a session as `credentialId`.
     *
     * @throws AshApiError `credential_key_missing` when the server has no ASH_CREDENTIAL_KEY
     * @example const { id } = await client.storeCredential('anthropic', 'sk-ant-…', 'mine');
     */
    storeCredential,

    /** Stores a credential for models on Amazon Bedrock. */
    async storeBedrockCredential({ label, ...key }: BedrockCredential, options: CallOptions = {}): Promise<Credential> {
      return await storeCredential('bedrock', JSON.stringify(key), label, options);
    },

    /** All credentials of the tenant, newest first, without their secrets. */
    async listCredentials(options: CallOptions = {}): Promise<Credential[]> {
      return (await requests.json('listCredentials', {}, options)).credentials;
    },

    /** Deletes a credential. @throws AshApiError `credential_not_found` */
    async deleteCredential(id: string, options: CallOptions = {}): Promise<void> {
      await requests.json('deleteCredential', { params: { id } }, options);
    },
  };
}
