/** Bad input gets its coded error and reaches no room. */
import { METHODS } from 'node:http';
import { isId } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { fixtureRooms, key, sessionId } from './rooms.ts';
import { call, raw, serve, socketTo } from './server.ts';

const messages = `/api/sessions/${sessionId}/messages`;
const text = { 'content-type': 'text/plain' };

type Given = Parameters<typeof call>[3];
type Row = [method: string, path: string, given: Given, status: number, code: string, error: RegExp];

const rows: Row[] = [
  ['GET', '/api/nope', {}, 404, 'route_not_found', /GET \/api\/nope not found/],
  ['PUT', '/api/agents', { body: '{' }, 404, 'route_not_found', /PUT/],
  ['GET', '/api/sessions/7', {}, 400, 'validation_failed', /^id: must be a UUID$/],
  ['GET', '/api/agents/%zz', {}, 400, 'validation_failed', /percent-encoding/],
  ['GET', '/api/agents/a%00b', {}, 400, 'validation_failed', /^name: must not hold a NUL/],
  ['GET', `/api/agents/${'x'.repeat(2000)}`, {}, 400, 'validation_failed', /too long/],
  ['GET', '/api/sessions?agent=%00', {}, 400, 'validation_failed', /^agent: .*NUL/],
  ['GET', '/api/sessions?limit=many', {}, 400, 'validation_failed', /^limit: must be a number, not a string$/],
  ['GET', '/api/sessions?limit=0', {}, 400, 'validation_failed', /^limit: must be at least 1$/],
  ['GET', '/api/sessions?limit=1.5', {}, 400, 'validation_failed', /^limit: must be a whole number, not 1.5$/],
  ['GET', '/api/sessions?limit=1&limit=2', {}, 400, 'validation_failed', /^limit: must be a number, not a list$/],
  ['GET', '/api/sessions?status=odd', {}, 400, 'validation_failed', /^status: must be one of "starting"/],
  ['POST', '/api/sessions', {}, 400, 'body_not_json', /empty/],
  ['POST', '/api/sessions', { body: '' }, 400, 'body_not_json', /empty/],
  ['POST', '/api/sessions', { body: '{"agent"' }, 400, 'body_not_json', /not valid JSON/],
  ['POST', '/api/sessions', { body: [] }, 400, 'validation_failed', /^body: must be an object, not a list$/],
  ['POST', '/api/sessions', { body: 'null' }, 400, 'validation_failed', /^body: must be an object, not null$/],
  ['POST', '/api/sessions', { body: {} }, 400, 'validation_failed', /^agent: is missing$/],
  [
    'POST',
    '/api/sessions',
    { body: { agent: {} } },
    400,
    'validation_failed',
    /^agent: must be a string, not an object$/,
  ],
  ['POST', '/api/sessions', { body: { agent: null } }, 400, 'validation_failed', /^agent: must be a string, not null$/],
  ['POST', '/api/sessions', { body: '{"agent":"a","__proto__":{"x":1}}' }, 400, 'validation_failed', /__proto__/],
  [
    'POST',
    '/api/sessions',
    { body: '{"agent":"a","subagents":{"__pr\\u006fto__":1}}' },
    400,
    'validation_failed',
    /__proto__/,
  ],
  ['POST', '/api/sessions', { body: 'x', headers: text }, 415, 'unsupported_media_type', /text\/plain/],
  ['POST', '/api/sessions', { body: 'x', headers: { 'content-type': 'odd' } }, 415, 'unsupported_media_type', /odd/],
  ['POST', '/api/sessions', { body: { agent: 'x'.repeat(1 << 20) } }, 413, 'body_too_large', /1048576 bytes/],
  ['POST', messages, { body: { content: '' } }, 400, 'validation_failed', /^content: must have at least 1 character$/],
  [
    'POST',
    messages,
    { body: { content: 'a', effort: 'x' } },
    400,
    'validation_failed',
    /^effort: must be one of "low"/,
  ],
  ['POST', messages, { body: { content: 'a', thinking: {} } }, 400, 'validation_failed', /^thinking.type: is missing$/],
  [
    'POST',
    messages,
    { body: { content: 'a' }, headers: { 'idempotency-key': 'a b' } },
    400,
    'validation_failed',
    /^Idempotency-Key: /,
  ],
  [
    'POST',
    messages,
    { body: { content: 'a' }, headers: { 'idempotency-key': 'x'.repeat(256) } },
    400,
    'validation_failed',
    /255/,
  ],
  ['GET', `/api/sessions/${sessionId}/stream?after=x`, {}, 400, 'cursor_invalid', /x$/],
  [
    'GET',
    `/api/sessions/${sessionId}/stream`,
    { headers: { 'last-event-id': '1.2.3' } },
    400,
    'cursor_invalid',
    /1\.2\.3$/,
  ],
  ['GET', `/api/sessions/${sessionId}/stream?turnId=1`, {}, 400, 'validation_failed', /^turnId: must be a UUID$/],
];
const refusals = rows.map(([method, path, given, status, code, error]) => ({
  method,
  path,
  given,
  status,
  code,
  error,
}));

test.each(refusals)('$method $path: $status $code $error', async ({ method, path, given, status, code, error }) => {
  const { rooms, asked } = fixtureRooms();
  await using server = await serve({ rooms });
  const response = await call(server, method, path, given);
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ statusCode: status, code, error: expect.stringMatching(error) });
  expect(response.status).toBe(status);
  expect(body.requestId).toBe(response.headers.get('x-request-id'));
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(asked).toEqual([]);
});

test.each(METHODS.filter((method) => !['CONNECT', 'GET', 'HEAD', 'POST'].includes(method)))(
  'no route has the method %s: 404, with and without a body',
  async (method) => {
    const { rooms } = fixtureRooms();
    await using server = await serve({ rooms });
    for (const body of ['', '{}']) {
      const head = `${method} /api/agents HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n`;
      const answer = await raw(server, `${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      expect(answer).toMatch(/^HTTP\/1\.1 404 /);
      expect(answer).toContain('"code":"route_not_found"');
    }
  },
);

test('a reason is bounded, whatever was sent', async () => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const files = Array.from({ length: 2000 }, () => ({ path: {}, content: {} }));
  const response = await call(server, 'POST', '/api/agents', { body: { name: 'a', files } });
  const { error } = (await response.json()) as { error: string };
  expect(error).toMatch(/^files\[0\]\.path: must be a string, not an object; .*and 3995 more$/);
  expect(error.length).toBeLessThan(700);
});

test('a foreign thing is a missing one, and unknown properties are ignored', async () => {
  const { rooms, asked } = fixtureRooms();
  await using server = await serve({ rooms });
  const foreign = await call(server, 'GET', `/api/sessions/${sessionId}`, {
    headers: { authorization: 'Bearer ash_other' },
  });
  expect(await foreign.json()).toMatchObject({ code: 'session_not_found', statusCode: 404 });
  const created = await call(server, 'POST', '/api/sessions', { body: { agent: 'bot', odd: 1 } });
  expect(created.status).toBe(201);
  await created.text();
  expect(asked.at(-1)).toEqual(['create', { agent: 'bot' }, undefined]);
});

test.each([
  ['nothing', {}],
  ['an empty JSON object', { body: {} }],
  ['an empty JSON body', { headers: { 'content-type': 'application/json' } }],
  ['JSON that is none', { body: '{' }],
  ['a form', { body: '', headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
])('a route without a body takes %s', async (_name, given) => {
  const { rooms, asked } = fixtureRooms();
  await using server = await serve({ rooms });
  const response = await call(server, 'POST', `/api/sessions/${sessionId}/pause`, given);
  expect(response.status).toBe(200);
  await response.text();
  expect(asked).toEqual([['pause', sessionId]]);
});

test('an id in upper case is the same id', async () => {
  const { rooms } = fixtureRooms();
  await using server = await serve({ rooms });
  const response = await call(server, 'GET', `/api/sessions/${sessionId.toUpperCase()}`);
  expect(response.status).toBe(200);
  await response.text();
});

test('a body that is too large is answered before it is sent, and the connection goes on', async () => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const socket = socketTo(server);
  const size = 4 << 20;
  const head = `Host: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`;
  socket.write(`POST /api/sessions HTTP/1.1\r\n${head}Content-Length: ${size}\r\n\r\n`);
  let answers = '';
  const chunks = socket.setEncoding('latin1')[Symbol.asyncIterator]();
  while (!answers.includes('body_too_large')) answers += (await chunks.next()).value;
  socket.write('x'.repeat(size));
  socket.write(`GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  while (!answers.includes('"status":"ok"')) answers += (await chunks.next()).value;
  socket.destroy();
});

test('what is not HTTP is answered and hung up on', async () => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const answer = await raw(server, 'NONSENSE\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({
    code: 'validation_failed',
    statusCode: 400,
  });
  const long = await raw(server, `GET /health HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  expect(long).toMatch(/^HTTP\/1\.1 431 [\s\S]*"statusCode":431/);
});

test('a bug is logged once with its request id, and tells the caller nothing', async () => {
  const logged: Record<string, unknown>[] = [];
  const logger = { error: (fields: Record<string, unknown>) => void logged.push(fields), warn: () => undefined };
  await using server = await serve({ rooms: fixtureRooms().rooms, logger });
  const response = await call(server, 'GET', '/api/agents/bug');
  const answer = await response.text();
  const requestId = response.headers.get('x-request-id') ?? '';
  expect(isId(requestId)).toBe(true);
  expect(JSON.parse(answer)).toMatchObject({ code: 'internal', statusCode: 500, requestId });
  expect(answer).not.toContain('secret detail');
  expect(logged).toEqual([
    expect.objectContaining({
      requestId,
      path: '/api/agents/bug',
      err: expect.objectContaining({ message: 'secret detail' }),
    }),
  ]);
});
