/** Conformance: credentials. */
import { describe, expect, test } from 'vitest';
import * as credentials from '../../src/store/credentials.ts';
import type { Store } from '../../src/store/open.ts';
import { type Backend, opened } from './backend.ts';
import { AT } from './backend-rows.ts';

const LATER = '2026-02-02T00:00:00.000Z';

async function stored(store: Store, id: string, fields: { tenantId?: string; createdAt?: string } = {}) {
  const row = { tenantId: 'default', type: 'custom', encryptedKey: 'c', iv: 'i', authTag: 't', salt: null, label: 'ü' };
  return await store.write((tx) => credentials.insert(tx, { ...row, createdAt: AT, ...fields, id }));
}

export function credentialSuite({ fresh }: Backend): void {
  describe('credentials', () => {
    test('a new one comes back whole, and only to its tenant', async () => {
      const store = await opened(fresh());
      const row = await stored(store, 'a', { tenantId: 'acme' });
      expect(row).toEqual({
        id: 'a',
        tenantId: 'acme',
        type: 'custom',
        encryptedKey: 'c',
        iv: 'i',
        authTag: 't',
        salt: null,
        label: 'ü',
        active: true,
        createdAt: AT,
        lastUsedAt: null,
      });
      expect(await credentials.get(store.db, 'acme', 'a')).toEqual(row);
      expect(await credentials.get(store.db, 'default', 'a')).toBeUndefined();
      expect(await credentials.list(store.db, 'default')).toEqual([]);
      const use = { tenantId: 'default', id: 'a', at: LATER };
      expect(await store.write((tx) => credentials.use(tx, use))).toBeUndefined();
      expect(await store.write((tx) => credentials.remove(tx, 'default', 'a'))).toBeUndefined();
    });

    test('the newest is listed first; use is noted; a removed one is gone', async () => {
      const store = await opened(fresh());
      await stored(store, 'b');
      await stored(store, 'a');
      await stored(store, 'new', { createdAt: LATER });
      expect((await credentials.list(store.db, 'default')).map(({ id }) => id)).toEqual(['new', 'b', 'a']);
      const use = { tenantId: 'default', id: 'a', at: LATER };
      expect(await store.write((tx) => credentials.use(tx, use))).toMatchObject({ id: 'a', lastUsedAt: LATER });
      expect(await store.write((tx) => credentials.remove(tx, 'default', 'a'))).toMatchObject({ lastUsedAt: LATER });
      expect(await store.write((tx) => credentials.use(tx, use))).toBeUndefined();
    });

    test('an inactive one is not used', async () => {
      const store = await opened(fresh());
      await stored(store, 'a');
      await store.write((tx) => tx.updateTable('credentials').set({ active: 0 }).where('id', '=', 'a').execute());
      const use = { tenantId: 'default', id: 'a', at: LATER };
      expect(await store.write((tx) => credentials.use(tx, use))).toBeUndefined();
      expect(await credentials.get(store.db, 'default', 'a')).toMatchObject({ active: false, lastUsedAt: null });
    });
  });
}
