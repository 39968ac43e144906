/** Credentials: sealed secrets for providers, opened only to be given to a session (spec/http-api.md §9). */
import { errors, newId } from '@ash-ai/shared';
import type { Contract, Credential, CredentialType, Parsed } from '@ash-ai/shared/contract';
import type { CredentialsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import * as credentialStore from '../store/credentials.ts';
import type { Store } from '../store/open.ts';
import type { Seal } from './seal.ts';

/** A credential, opened. */
export interface OpenCredential {
  type: CredentialType;
  key: string;
}

export interface CredentialsOptions {
  store: Store;
  /** Undefined: credentials can be listed and deleted, not stored or used. */
  seal: Seal | undefined;
}

export class Credentials implements CredentialsRoom {
  readonly #store: Store;
  readonly #seal: Seal | undefined;

  constructor({ store, seal }: CredentialsOptions) {
    this.#store = store;
    this.#seal = seal;
  }

  async store(
    tenantId: string,
    given: Parsed<Contract['storeCredential']>['body'],
    idempotencyKey?: string,
  ): Promise<Credential> {
    const seal = this.#needSeal();
    const { type, label } = given;
    const { ciphertext, ...sealed } = await seal.seal(given.key);
    const row = { id: newId(), tenantId, type, encryptedKey: ciphertext, ...sealed, label, createdAt: now() };
    const request = { type, label, key: seal.fingerprint(given.key) };
    const { id } = row;
    const claim = { tenantId, key: idempotencyKey, request, resourceId: id, at: row.createdAt };
    const stored = await this.#store.write(async (tx) => {
      const earlier = await claimOnce(tx, claim);
      if (earlier === undefined) return await credentialStore.insert(tx, row);
      return await credentialStore.get(tx, tenantId, earlier);
    });
    if (stored === undefined) throw errors.credential_not_found({ credentialId: id });
    return toCredential(stored);
  }

  async list(tenantId: string): Promise<Credential[]> {
    return (await credentialStore.list(this.#store.db, tenantId)).map(toCredential);
  }

  async delete(tenantId: string, id: string): Promise<void> {
    const removed = await this.#store.write((tx) => credentialStore.remove(tx, tenantId, id));
    if (removed === undefined) throw errors.credential_not_found({ credentialId: id });
  }

  /**
   * Opens a tenant's credential for a session and notes that it was used.
   * @throws credential_not_found (also for another tenant's and an inactive one), credential_key_missing, secret_unreadable
   */
  async resolve(tenantId: string, id: string): Promise<OpenCredential> {
    const seal = this.#needSeal();
    const row = await this.#store.write((tx) => credentialStore.use(tx, { tenantId, id, at: now() }));
    if (row === undefined) throw errors.credential_not_found({ credentialId: id });
    const { encryptedKey: ciphertext, iv, authTag, salt } = row;
    return { type: row.type as CredentialType, key: await seal.open({ ciphertext, iv, authTag, salt }) };
  }

  #needSeal(): Seal {
    if (this.#seal === undefined) throw errors.credential_key_missing();
    return this.#seal;
  }
}

function toCredential(row: credentialStore.CredentialRow): Credential {
  const { id, label, active, createdAt, lastUsedAt } = row;
  return { id, type: row.type as CredentialType, label, active, createdAt, lastUsedAt };
}

function now(): string {
  return new Date().toISOString();
}
