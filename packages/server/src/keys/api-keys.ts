/** API keys: made, stored as hashes only, looked up by hash (spec/runtime.md §8). */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@ash-ai/shared';
import type { ApiKeysRoom } from '../http/rooms.ts';
import * as keyStore from '../store/api-keys.ts';
import type { Store } from '../store/open.ts';

export const defaultTenant = 'default';

export interface ApiKeysOptions {
  store: Store;
  /** A further key of the default tenant, from the environment. */
  envKey: string | undefined;
  /** Secret of the HMAC that hashes keys; without it keys are hashed plainly. They have 192 random bits either way. */
  hashSecret: string | undefined;
}

export class ApiKeys implements ApiKeysRoom {
  readonly #options: ApiKeysOptions;

  constructor(options: ApiKeysOptions) {
    this.#options = options;
  }

  async tenantOf(key: string): Promise<string | undefined> {
    const { store, envKey } = this.#options;
    const row = await keyStore.findByHashes(store.db, this.#hashes(key));
    if (row !== undefined) return row.tenantId;
    return envKey !== undefined && equal(key, envKey) ? defaultTenant : undefined;
  }

  /** Makes a key for a tenant. Its text is returned here and kept nowhere. */
  async create(tenantId: string, label: string): Promise<{ id: string; key: string }> {
    const id = newId();
    const key = `ash_${randomBytes(24).toString('base64url')}`;
    const [keyHash = ''] = this.#hashes(key);
    const createdAt = new Date().toISOString();
    const row = { id, tenantId, keyHash, keyPrefix: key.slice(0, 8), label, createdAt };
    await this.#options.store.write((tx) => keyStore.insert(tx, row));
    return { id, key };
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
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
