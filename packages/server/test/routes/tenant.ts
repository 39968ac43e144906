/** Another tenant of a server, and what it must be answered. */
import { expect } from 'vitest';
import type { Ash } from '../../../../test/e2e/harness.ts';

export const internalSecret = 'secret-of-the-tests';
/** Settings of a server that has other tenants. */
export const env = { ASH_INTERNAL_SECRET: internalSecret };

/** The key of a tenant that owns nothing. */
export async function otherKey(ash: Ash): Promise<string> {
  const response = await ash.call('POST', '/api/internal/api-keys', {
    body: { tenantId: `tenant-${crypto.randomUUID()}` },
    key: internalSecret,
  });
  return ((await response.json()) as { key: string }).key;
}

/** The error of a response, field by field. */
export async function failure(response: Response): Promise<[status: number, code: string]> {
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ error: expect.any(String), statusCode: response.status, requestId: expect.any(String) });
  return [response.status, String(body.code)];
}

/** Every request is answered to the tenant of `key` as if there were nothing. */
export async function missingFor(
  ash: Ash,
  key: string,
  code: string,
  requests: readonly (readonly [method: string, path: string, body?: unknown])[],
): Promise<void> {
  for (const [method, path, body] of requests) {
    const given = body === undefined ? { key } : { key, body };
    expect([method, path, await failure(await ash.call(method, path, given))]).toEqual([method, path, [404, code]]);
  }
}
