/** API keys: made, stored as hashes only, looked up by hash (spec/runtime.md §8). */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errors, newId } from '@ash-ai/shared';
import type { ApiKey } from '@ash-ai/shared/contract';
import type { Seal } from '../credentials/seal.ts';
import type { ApiKeysRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import * as keyStore from '../store/api-keys.ts';
import * as idempotencyStore from '../store/idempotency.ts';
import type { Store } from '../store/open.ts';

export const defaultTenant = 'default';
/** Id of the key that the environment gives. */
const envKeyId = 'env';

export interface ApiKeysOptions {
  store: Store;
  /** A further key of the default tenant, from the environment. */
  envKey: string | undefined;
  /** Secret of the HMAC that hashes keys; without it keys are hashed plainly. They have 192 random bits either way. */
  hashSecret: string | undefined;
  /** Seals a key for whoever asks for it again with the same idempotency key. */
  seal: Seal;
}

export class ApiKeys implements ApiKeysRoom {
  readonly #options: ApiKeysOptions;

  constructor(options: ApiKeysOptions) {
    this.#options = options;
  }

  async ownerOf(key: string): Promise<{ tenantId: string; keyId: string } | undefined> {
    const { store, envKey } = this.#options;
    const row = await keyStore.findByHashes(store.db, this.#hashes(key));
    if (row !== undefined) return { tenantId: row.tenantId, keyId: row.id };
    return envKey !== undefined && equal(key, envKey) ? { tenantId: defaultTenant, keyId: envKeyId } : undefined;
  }

  /** Makes a key for a tenant. Its text is returned here and kept nowhere, but sealed beside an idempotency key. */
  async create(tenantId: string, label: string, idempotencyKey?: string): Promise<{ id: string; key: string }> {
    const { store, seal } = this.#options;
    const id = newId();
    const key = `ash_${randomBytes(24).toString('base64url')}`;
    const [keyHash = ''] = this.#hashes(key);
    const createdAt = new Date().toISOString();
    const row = { id, tenantId, keyHash, keyPrefix: key.slice(0, 8), label, createdAt };
    const response = idempotencyKey === undefined ? undefined : await seal.sealText(key);
    const claim = { tenantId, key: idempotencyKey, request: { apiKey: label }, resourceId: id, at: createdAt };
    const earlier = await store.write(async (tx) => {
      const claimed = await claimOnce(tx, claim);
      if (claimed !== undefined) return claimed;
      if (idempotencyKey !== undefined)
        await idempotencyStore.setResponse(tx, { tenantId, key: idempotencyKey, response });
      await keyStore.insert(tx, row);
      return undefined;
    });
    if (earlier === undefined || idempotencyKey === undefined) return { id, key };
    const known = await idempotencyStore.get(store.db, tenantId, idempotencyKey);
    return { id: earlier, key: await seal.openText(String(known?.response)) };
  }

  async list(tenantId: string): Promise<ApiKey[]> {
    const { store, envKey } = this.#options;
    const rows = await keyStore.list(store.db, tenantId);
    const keys = rows.map(({ id, label, keyPrefix, createdAt }) => ({
      id,
      label,
      keyPrefix: `${keyPrefix}...`,
      createdAt,
    }));
    if (envKey === undefined || tenantId !== defaultTenant) return keys;
    // Half of a short key would be too much of it.
    const prefix = envKey.slice(0, Math.min(8, envKey.length / 4));
    return [{ id: envKeyId, label: 'ASH_API_KEY', keyPrefix: `${prefix}...`, createdAt: '' }, ...keys];
  }

  async delete(tenantId: string, id: string): Promise<void> {
    const removed = await this.#options.store.write((tx) => keyStore.remove(tx, tenantId, id));
    if (removed === undefined) throw errors.api_key_not_found({ keyId: id });
  }

  /**
   * Makes the first key of a server that has none, and leaves it in `<data dir>/initial-api-key` (mode 0600).
   * @returns the file's path when a key was made
   */
  async bootstrap(dataDir: string): Promise<string | undefined> {
    const { store, envKey } = this.#options;
    if (envKey !== undefined || (await keyStore.count(store.db)) > 0) return undefined;
    const { key } = await this.create(defaultTenant, 'auto-generated');
    const path = join(dataDir, 'initial-api-key');
    await writeFile(path, `${key}\n`, { mode: 0o600 });
    return path;
  }

  /** How a key may be stored, newest way first. */
  #hashes(key: string): string[] {
    const { hashSecret } = this.#options;
    const plain = createHash('sha256').update(key).digest('hex');
    return hashSecret === undefined ? [plain] : [createHmac('sha256', hashSecret).update(key).digest('hex'), plain];
  }
}

/** Compares in a time that tells nothing about where two texts differ. */
export function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
