/** Limits on requests and pages of other origins, as the settings of a real server say. */
import { AshClient } from '@ash-ai/sdk';
import { expect, test } from 'vitest';
import { useAsh } from './harness.ts';

const server = useAsh({
  env: {
    ASH_RATE_LIMIT: '500/60',
    ASH_RATE_LIMIT_SESSIONS: '1/1',
    ASH_RATE_LIMIT_AGENTS: 'off',
    ALLOWED_ORIGINS: 'https://app.example.com',
  },
});

test('a client that is told to wait waits, and both requests are answered', async () => {
  const { ash } = server;
  const statuses: number[] = [];
  // What a proxy on this machine passes on is limited; what comes from the machine itself is not.
  const passedOn: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('x-forwarded-for', '203.0.113.1');
    const response = await fetch(input, { ...init, headers });
    statuses.push(response.status);
    return response;
  };
  const client = new AshClient({ serverUrl: ash.url, apiKey: ash.key, fetch: passedOn });
  const first = await client.createSession('agent');
  const second = await client.createSession('agent');
  expect(second.id).not.toBe(first.id);
  expect(statuses).toEqual([201, 429, 201]);
  for (let n = 0; n < 3; n += 1) await client.createAgent('agent', { systemPrompt: `Version ${n}` });
  for (let n = 0; n < 3; n += 1) await ash.client.createSession('agent');
});

test('a page of the named origin may call, another may not', async () => {
  const preflight = (origin: string) =>
    fetch(`${server.ash.url}/api/sessions`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
  const [named, other] = [await preflight('https://app.example.com'), await preflight('https://other.example.com')];
  expect([named.status, named.headers.get('access-control-allow-origin')]).toEqual([204, 'https://app.example.com']);
  expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([401, null]);
});
