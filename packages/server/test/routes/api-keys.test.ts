/** API keys over HTTP, and the internal routes. */
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import { Ash, useAsh } from '../../../../test/e2e/harness.ts';
import { failure, internalSecret, otherKey } from './tenant.ts';

describe('keys', () => {
  const use = useAsh({ env: { ASH_INTERNAL_SECRET: internalSecret } });

  test('made, listed masked, used and deleted', async () => {
    const { ash } = use;
    const made = await ash.call('POST', '/api/api-keys', { body: { label: 'laptop' } });
    expect(made.status).toBe(201);
    const { id, key, ...rest } = (await made.json()) as { id: string; key: string };
    expect([key, rest]).toEqual([expect.stringMatching(/^ash_[\w-]{32}$/), {}]);
    const list = await ash.call('GET', '/api/api-keys', { key });
    expect(await list.json()).toEqual({
      keys: [
        { id, label: 'laptop', keyPrefix: `${key.slice(0, 8)}...`, createdAt: expect.stringMatching(/Z$/) },
        {
          id: expect.any(String),
          label: 'auto-generated',
          keyPrefix: `${ash.key.slice(0, 8)}...`,
          createdAt: expect.stringMatching(/Z$/),
        },
      ],
    });
    const deleted = await ash.call('DELETE', `/api/api-keys/${id}`, { key });
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    expect(await failure(await ash.call('GET', '/api/api-keys', { key }))).toEqual([401, 'invalid_api_key']);
    expect(await failure(await ash.call('DELETE', `/api/api-keys/${id}`))).toEqual([404, 'api_key_not_found']);
  });

  test('the default label, limits, and a body that is none', async () => {
    const { ash } = use;
    const { id } = await ash.client.createApiKey();
    expect(await ash.client.listApiKeys()).toContainEqual(expect.objectContaining({ id, label: 'dashboard-key' }));
    await ash.client.deleteApiKey(id);
    const bare = await ash.call('POST', '/api/api-keys');
    expect(bare.status).toBe(201);
    await ash.client.deleteApiKey(((await bare.json()) as { id: string }).id);
    const long = await ash.call('POST', '/api/api-keys', { body: { label: 'x'.repeat(256) } });
    expect(await failure(long)).toEqual([400, 'validation_failed']);
    const odd = await ash.call('POST', '/api/api-keys', { body: '[' });
    expect(await failure(odd)).toEqual([400, 'body_not_json']);
  });

  test('asked for again with the same idempotency key, it is the same', async () => {
    const { ash } = use;
    const headers = { 'idempotency-key': newId() };
    const post = (label: string) => ash.call('POST', '/api/api-keys', { body: { label }, headers });
    const made = (await (await post('a')).json()) as { id: string; key: string };
    expect(await (await post('a')).json()).toEqual(made);
    expect(await failure(await post('b'))).toEqual([422, 'idempotency_key_reused']);
    expect(JSON.stringify(ash.rows('select * from idempotency_keys'))).not.toContain(made.key);
    await ash.client.deleteApiKey(made.id);
  });

  test("another tenant's keys are missing ones", async () => {
    const { ash } = use;
    const key = await otherKey(ash);
    const [mine] = await ash.client.listApiKeys();
    const { keys } = (await (await ash.call('GET', '/api/api-keys', { key })).json()) as { keys: { label: string }[] };
    expect(keys.map(({ label }) => label)).toEqual([expect.stringMatching(/^platform-tenant-/)]);
    const foreign = await ash.call('DELETE', `/api/api-keys/${mine?.id}`, { key });
    expect(await failure(foreign)).toEqual([404, 'api_key_not_found']);
    expect(await ash.client.listAgents()).toHaveLength(1);
  });
});

describe('the key of the environment', () => {
  test.each([
    ['a-key-of-thirty-two-characters-!', 'a-key-of...'],
    ['short', 's...'],
  ])('%s is listed first, as %s, and stays', async (key, keyPrefix) => {
    await using ash = await Ash.start();
    await ash.stop();
    await ash.start({ ASH_API_KEY: key, ASH_INTERNAL_SECRET: internalSecret });
    const [first] = await ash.clientOf(() => key).listApiKeys();
    expect(first).toEqual({ id: 'env', label: 'ASH_API_KEY', keyPrefix, createdAt: '' });
    await expect(ash.client.deleteApiKey('env')).rejects.toMatchObject({ code: 'api_key_not_found' });
    const made = await otherKey(ash);
    const other = ash.clientOf(() => made);
    expect(await other.listApiKeys()).toHaveLength(1);
  });
});

describe('internal routes', () => {
  const use = useAsh({ env: { ASH_INTERNAL_SECRET: internalSecret } });
  const post = (given: object) => use.ash.call('POST', '/api/internal/api-keys', given);

  test('a key for any tenant', async () => {
    const { ash } = use;
    const made = await post({ key: internalSecret, body: { tenantId: 'acme', label: 'portal' } });
    expect(made.status).toBe(200);
    const { id, key, ...rest } = (await made.json()) as { id: string; key: string };
    expect(rest).toEqual({ tenantId: 'acme' });
    expect(await ash.clientOf(() => key).listApiKeys()).toMatchObject([{ id, label: 'portal' }]);
    expect(await ash.clientOf(() => key).listAgents()).toEqual([]);
  });

  test('need the secret, before anything is read', async () => {
    const { ash } = use;
    const odd = { body: '{broken', headers: { 'content-type': 'text/odd' } };
    for (const path of ['/api/internal/api-keys', '/api/internal/nothing']) {
      const ask = async (key: string | undefined) => failure(await ash.call('POST', path, { ...odd, key }));
      expect(await ask(undefined)).toEqual([401, 'missing_authorization']);
      expect(await ask('wrong')).toEqual([401, 'internal_secret_invalid']);
      expect(await ask(ash.key)).toEqual([401, 'internal_secret_invalid']);
    }
    const bearer = { authorization: internalSecret };
    const scheme = await ash.call('GET', '/api/internal/runners', { key: undefined, headers: bearer });
    expect(await failure(scheme)).toEqual([401, 'invalid_authorization_format']);
  });

  test('the secret is no API key', async () => {
    const refused = await use.ash.call('GET', '/api/agents', { key: internalSecret });
    expect(await failure(refused)).toEqual([401, 'invalid_api_key']);
  });

  test.each([{}, { tenantId: '' }, { tenantId: 'x'.repeat(256) }])('%j names no tenant', async (body) => {
    expect(await failure(await post({ key: internalSecret, body }))).toEqual([400, 'validation_failed']);
  });

  test('there are no runners but the server itself', async () => {
    const answer = await use.ash.call('GET', '/api/internal/runners', { key: internalSecret });
    expect(await answer.json()).toEqual({ runners: [], count: 0, hasLocal: true });
  });
});

describe('without a secret', () => {
  const use = useAsh();

  test('internal routes are closed', async () => {
    const closed = await use.ash.call('POST', '/api/internal/api-keys', { key: undefined, body: { tenantId: 'acme' } });
    expect(await failure(closed)).toEqual([503, 'internal_secret_missing']);
    const guessed = await use.ash.call('POST', '/api/internal/api-keys', { key: 'guess', body: { tenantId: 'acme' } });
    expect(await failure(guessed)).toEqual([503, 'internal_secret_missing']);
  });
});
