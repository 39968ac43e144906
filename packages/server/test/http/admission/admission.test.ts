/** How often who may call, and which pages may: over HTTP, as clients and proxies see it. */
import { expect, test } from 'vitest';
import type { ServeOptions } from '../../../src/http/serve.ts';
import { fixtureRooms, key, sessionId } from '../rooms.ts';
import { call, serve } from '../server.ts';

const minute = 60_000;
const other = { authorization: 'Bearer ash_other' };

/** A server behind a proxy on its own machine. */
function limited(rates: ServeOptions['rates'], rest: Partial<ServeOptions> = {}) {
  const { rooms, asked } = fixtureRooms();
  return serve({ rooms, rates, trustedProxies: ['loopback'], ...rest }).then((server) => ({
    asked,
    /** A request that a proxy passes on for `address`. */
    from: (address: string, method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
      call(server, method, path, { headers: { 'x-forwarded-for': address, ...headers }, body }),
    server,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }));
}

test('a key may make so many requests, and is told where it stands', async () => {
  await using at = await limited({ requests: { quota: 2, windowMs: 2 * minute } });
  const first = await at.from('203.0.113.1', 'GET', '/api/agents');
  expect(first.status).toBe(200);
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'ratelimit-policy': '"requests";q=2;w=120',
    ratelimit: '"requests";r=1;t=60',
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': '60',
  });
  // Also from elsewhere: the key counts. An error counts too, and so does a stream.
  expect((await at.from('203.0.113.2', 'GET', '/api/agents/nobody')).status).toBe(404);
  const refused = await at.from('203.0.113.3', 'GET', `/api/sessions/${sessionId}/stream`);
  expect(refused.status).toBe(429);
  const wait = Number(refused.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(50);
  expect(wait).toBeLessThanOrEqual(60);
  expect(refused.headers.get('ratelimit')).toBe(`"requests";r=0;t=${wait}`);
  expect(await refused.json()).toEqual({
    error: 'Too many requests: one API key may make 2 in 120 s',
    statusCode: 429,
    code: 'rate_limited',
    suggestion: expect.stringContaining('Retry-After'),
    details: { limit: 2, windowSeconds: 120, what: 'requests', by: 'API key', retryAfterSeconds: wait },
    requestId: refused.headers.get('x-request-id'),
  });
  // Another key has a quota of its own, also at the same address.
  expect((await at.from('203.0.113.3', 'GET', '/api/agents', other)).status).not.toBe(429);
});

test('creating sessions and agents has limits of its own', async () => {
  await using at = await limited({
    requests: { quota: 100, windowMs: minute },
    sessions: { quota: 1, windowMs: minute },
    agents: { quota: 1, windowMs: minute },
  });
  const create = () => at.from('203.0.113.1', 'POST', '/api/sessions', {}, { agent: 'bot' });
  const created = await create();
  expect(created.status).toBe(201);
  expect(created.headers.get('ratelimit-policy')).toBe('"requests";q=100;w=60, "sessions";q=1;w=60');
  expect(created.headers.get('ratelimit')).toBe('"requests";r=99;t=1, "sessions";r=0;t=60');
  expect(created.headers.get('x-ratelimit-limit')).toBe('1');
  const refused = await create();
  expect(await refused.json()).toMatchObject({ code: 'rate_limited', details: { what: 'sessions' } });
  const fork = await at.from('203.0.113.1', 'POST', `/api/sessions/${sessionId}/fork`);
  expect(fork.status).toBe(429);
  // What was refused used up nothing of the other limit, and agents are counted apart.
  const deployed = await at.from('203.0.113.1', 'POST', '/api/agents', {}, { name: 'bot' });
  expect([deployed.status, deployed.headers.get('ratelimit')]).toEqual([
    201,
    expect.stringMatching(/^"requests";r=9[89];t=[12], "agents";r=0;t=60$/),
  ]);
  expect((await at.from('203.0.113.1', 'GET', '/api/agents')).status).toBe(200);
  expect(at.asked.filter(([asked]) => asked === 'create')).toHaveLength(1);
});

test('without a key the address counts, of IPv6 its network; so whoever tries keys is stopped', async () => {
  await using at = await limited({ requests: { quota: 1, windowMs: minute } });
  const tried = (address: string, authorization = 'Bearer wrong') =>
    at.from(address, 'GET', '/api/agents', { authorization }).then(({ status }) => status);
  expect(await tried('203.0.113.7')).toBe(401);
  expect(await tried('203.0.113.7')).toBe(429);
  expect(await tried('203.0.113.7', '')).toBe(429);
  expect(await tried('203.0.113.8')).toBe(401);
  expect(await tried('2001:db8::1')).toBe(401);
  expect(await tried('2001:DB8:0:0:ffff::2')).toBe(429);
  expect(await tried('2001:db8:0:1::1')).toBe(401);
  // Public routes count likewise; a valid key is not held up by others at its address.
  expect((await at.from('203.0.113.7', 'GET', '/health')).status).toBe(429);
  expect(await tried('203.0.113.7', `Bearer ${key}`)).toBe(200);
  // A path that is no URL comes past the hooks, not past the limits.
  expect((await at.from('203.0.113.9', 'GET', '/api/agents/%zz', { authorization: '' })).status).toBe(401);
  expect((await at.from('203.0.113.9', 'GET', '/api/agents/%zz', { authorization: '' })).status).toBe(429);
});

test('the address is what a trusted proxy says, not what the client claims', async () => {
  const rates = { requests: { quota: 1, windowMs: minute } };
  const unkeyed = { authorization: '' };
  await using trusting = await limited(rates);
  expect((await trusting.from('198.51.100.1, 203.0.113.1', 'GET', '/health', unkeyed)).status).toBe(200);
  expect((await trusting.from('198.51.100.2, 203.0.113.1', 'GET', '/health', unkeyed)).status).toBe(429);
  await using wary = await limited(rates, { trustedProxies: [] });
  expect((await wary.from('203.0.113.1', 'GET', '/health', unkeyed)).status).toBe(200);
  expect((await wary.from('203.0.113.2', 'GET', '/health', unkeyed)).status).toBe(429);
});

test('programs on the machine itself are not limited, unless they pass requests on', async () => {
  await using at = await limited({
    requests: { quota: 1, windowMs: minute },
    sessions: { quota: 1, windowMs: minute },
  });
  for (let n = 0; n < 5; n += 1) {
    const response = await call(at.server, 'GET', '/api/agents');
    expect([response.status, response.headers.get('ratelimit')]).toEqual([200, null]);
  }
  expect((await at.from('127.0.0.1', 'GET', '/api/agents')).status).toBe(200);
  expect((await at.from('127.0.0.1', 'GET', '/api/agents')).status).toBe(429);
});

test('pages of other origins may call only if the operator names them', async () => {
  const preflight = { 'access-control-request-method': 'POST', authorization: '' };
  await using closed = await limited({});
  for (const headers of [{}, preflight]) {
    const method = 'authorization' in headers ? 'OPTIONS' : 'GET';
    const response = await call(closed.server, method, '/api/agents', {
      headers: { origin: 'https://app.example.com', ...headers },
    });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  }
  await using open = await limited({}, { origins: ['https://app.example.com'] });
  const of = (origin: string, method = 'GET', headers: Record<string, string> = {}, path = '/api/agents') =>
    call(open.server, method, path, { headers: { origin, ...headers } });
  const answered = await of('https://app.example.com', 'OPTIONS', preflight);
  expect([answered.status, await answered.text()]).toEqual([204, '']);
  expect(Object.fromEntries(answered.headers)).toMatchObject({
    'access-control-allow-origin': 'https://app.example.com',
    'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
    'access-control-allow-headers': expect.stringContaining('Idempotency-Key'),
    vary: 'Origin',
  });
  // The answers too, errors and streams among them.
  const paths = ['/api/agents', '/api/agents/nobody', `/api/sessions/${sessionId}/stream`];
  for (const path of paths) {
    const response = await of('https://app.example.com', 'GET', {}, path);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(response.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
    await response.body?.cancel();
  }
  for (const origin of [
    'https://evil.example.com',
    'null',
    'https://app.example.com.evil.com',
    'http://app.example.com',
  ]) {
    const response = await of(origin, 'OPTIONS', preflight);
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([401, null]);
    expect(response.headers.get('vary')).toBe('Origin');
  }
});

test('nothing that is answered may be sniffed, framed, run, stored or sent elsewhere', async () => {
  const { rooms } = fixtureRooms();
  await using server = await serve({ rooms });
  for (const path of ['/api/agents', '/nowhere', '/health', `/api/sessions/${sessionId}/stream`, '/api/agents/%zz']) {
    const { headers, body } = await call(server, 'GET', path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
      'cache-control': expect.stringMatching(/^no-(?:store|cache)$/),
    });
    await body?.cancel();
  }
});
