/** Credentials over HTTP, sealed in a real database. */
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { Credentials } from '../../src/credentials/credentials.ts';
import { createSeal } from '../../src/credentials/seal.ts';
import { openStore } from '../../src/store/open.ts';
import { temporaryFolder } from '../store/backend.ts';
import { env, failure, otherKey } from './tenant.ts';

describe('with ASH_CREDENTIAL_KEY', () => {
  const use = useAsh({ env: { ...env, ASH_CREDENTIAL_KEY: 'master' } });

  test('stored, listed, deleted; never shown', async () => {
    const { ash } = use;
    const response = await ash.call('POST', '/api/credentials', {
      body: { type: 'anthropic', key: 'sk-ant-secret', label: 'mine', more: 1 },
    });
    expect(response.status).toBe(201);
    const { credential } = (await response.json()) as { credential: { id: string } };
    const expected = {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'anthropic',
      label: 'mine',
      active: true,
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/),
      lastUsedAt: null,
    };
    expect(credential).toEqual(expected);
    const second = await ash.client.storeCredential('custom', 'ü'.repeat(65_536));
    expect(second).toEqual({ ...expected, type: 'custom', label: '' });
    const list = await ash.call('GET', '/api/credentials');
    expect(list.status).toBe(200);
    expect(await list.json()).toEqual({ credentials: [second, credential] });
    expect(JSON.stringify(ash.rows('select * from credentials'))).not.toMatch(/sk-ant-secret|üü/);
    const deleted = await ash.call('DELETE', `/api/credentials/${credential.id}`);
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    await ash.client.deleteCredential(second.id);
    expect(await ash.client.listCredentials()).toEqual([]);
    expect(await failure(await ash.call('DELETE', `/api/credentials/${second.id}`))).toEqual([
      404,
      'credential_not_found',
    ]);
  });

  test('Bedrock keys are JSON', async () => {
    const { ash } = use;
    const key = { accessKeyId: 'a', secretAccessKey: 's', region: 'r' };
    const { id } = await ash.client.storeBedrockCredential({ ...key, label: 'aws' });
    expect(await ash.client.listCredentials()).toMatchObject([{ id, type: 'bedrock', label: 'aws' }]);
    await ash.client.deleteCredential(id);
  });

  test.each([
    [{ key: 'k' }, 'type: is missing'],
    [{ type: 'other', key: 'k' }, 'type: must be one of "anthropic", "openai", "custom", "bedrock"'],
    [{ type: 'custom' }, 'key: is missing'],
    [{ type: 'custom', key: '' }, 'key: must have at least 1 character'],
    [{ type: 'custom', key: 'k'.repeat(65_537) }, 'key: must have at most 65536 characters'],
    [{ type: 'custom', key: 'k', label: 'l'.repeat(256) }, 'label: must have at most 255 characters'],
    [{ type: 'custom', key: 'k', label: '\ud800' }, 'label: must not hold half of a surrogate pair'],
    [{ type: 'custom', key: 'a\0' }, 'key: must not hold a NUL character'],
  ])('%j is refused', async (body, error) => {
    const response = await use.ash.call('POST', '/api/credentials', { body });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'validation_failed', error }]);
  });

  test('a label holds any text', async () => {
    const { ash } = use;
    const label = ' "quoted"\n\u202e🦉 é';
    const { id } = await ash.client.storeCredential('openai', 'k', label);
    expect(await ash.client.listCredentials()).toMatchObject([{ label }]);
    await ash.client.deleteCredential(id);
  });

  test('the same idempotency key stores once, and only the same request', async () => {
    const { ash } = use;
    const headers = { 'idempotency-key': newId() };
    const post = (key: string) => ash.call('POST', '/api/credentials', { body: { type: 'custom', key }, headers });
    const [one, two] = [await post('k'), await post('k')];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(await one.json()).toEqual(await two.json());
    expect(await failure(await post('other'))).toEqual([422, 'idempotency_key_reused']);
    const stored = await ash.client.listCredentials();
    expect(stored).toHaveLength(1);
    for (const { id } of stored) await ash.client.deleteCredential(id);
  });

  test("another tenant's credential is a missing one", async () => {
    const { ash } = use;
    const key = await otherKey(ash);
    const { id } = await ash.client.storeCredential('custom', 'k');
    expect(await (await ash.call('GET', '/api/credentials', { key })).json()).toEqual({ credentials: [] });
    const foreign = await ash.call('DELETE', `/api/credentials/${id}`, { key });
    expect(await failure(foreign)).toEqual([404, 'credential_not_found']);
    expect(await ash.client.listCredentials()).toHaveLength(1);
    await ash.client.deleteCredential(id);
  });

  test('a key is asked for', async () => {
    for (const [method, path] of [
      ['GET', '/api/credentials'],
      ['POST', '/api/credentials'],
      ['DELETE', '/api/credentials/x'],
    ] as const) {
      const refused = await use.ash.call(method, path, { key: undefined });
      expect(await failure(refused)).toEqual([401, 'missing_authorization']);
    }
  });
});

describe('without ASH_CREDENTIAL_KEY', () => {
  const use = useAsh();

  test('nothing is stored, the rest works', async () => {
    const { ash } = use;
    const refused = await ash.call('POST', '/api/credentials', { body: { type: 'custom', key: 'k' } });
    expect(await failure(refused)).toEqual([500, 'credential_key_missing']);
    expect(await ash.client.listCredentials()).toEqual([]);
    expect(await failure(await ash.call('DELETE', '/api/credentials/x'))).toEqual([404, 'credential_not_found']);
  });
});

describe('opening one', () => {
  const body = { type: 'openai' as const, key: 'secret', label: '' };

  test('is for its tenant, and noted', async () => {
    await using store = await openStore({ file: `${temporaryFolder()}/ash.db` });
    const credentials = new Credentials({ store, seal: createSeal('master') });
    const { id } = await credentials.store('acme', body);
    expect(await credentials.resolve('acme', id)).toEqual({ type: 'openai', key: 'secret' });
    const [{ lastUsedAt = null } = {}] = await credentials.list('acme');
    expect(lastUsedAt).not.toBeNull();
    const missing = { code: 'credential_not_found' };
    await expect(credentials.resolve('other', id)).rejects.toMatchObject(missing);
    await expect(credentials.resolve('acme', 'x')).rejects.toMatchObject(missing);
    await store.write((tx) => tx.updateTable('credentials').set({ active: 0 }).execute());
    await expect(credentials.resolve('acme', id)).rejects.toMatchObject(missing);
  });

  test('needs the key that sealed it', async () => {
    await using store = await openStore({ file: `${temporaryFolder()}/ash.db` });
    const { id } = await new Credentials({ store, seal: createSeal('master') }).store('acme', body);
    const other = new Credentials({ store, seal: createSeal('other') });
    await expect(other.resolve('acme', id)).rejects.toMatchObject({ code: 'secret_unreadable' });
    const none = new Credentials({ store, seal: undefined });
    await expect(none.resolve('acme', id)).rejects.toMatchObject({ code: 'credential_key_missing' });
    expect(await none.list('acme')).toHaveLength(1);
  });
});
