/** Who may call what: the decision table of spec/http-api.md §1.1. */
import { describe, expect, test } from 'vitest';
import { bearerKey } from '../../src/http/auth.ts';
import { fixtureRooms, key } from './rooms.ts';
import { call, serve } from './server.ts';

const noKey = { headers: { authorization: '' } };

describe('the Authorization header', () => {
  test.each([
    [undefined, 'missing_authorization'],
    ['', 'invalid_authorization_format'],
    ['Bearer', 'invalid_authorization_format'],
    ['Bearer ', 'invalid_authorization_format'],
    [`bearer ${key}`, 'invalid_authorization_format'],
    [`Bearer  ${key}`, 'invalid_authorization_format'],
    [`Bearer ${key} more`, 'invalid_authorization_format'],
    [`Basic ${key}`, 'invalid_authorization_format'],
    [key, 'invalid_authorization_format'],
  ])('%j is refused as %s', (header, code) => {
    expect(() => bearerKey(header)).toThrow(expect.objectContaining({ code, statusCode: 401 }));
  });

  test('"Bearer", one space and a key give the key', () => {
    expect(bearerKey(`Bearer ${key}`)).toBe(key);
  });
});

test.each([
  ['GET', '/api/agents'],
  ['POST', '/api/sessions'],
  ['GET', '/no/such/route'],
  ['GET', '/api/agents/%zz'],
  ['OPTIONS', '/api/agents'],
  ['GET', '/healthy'],
  ['GET', '/docsx'],
])('%s %s asks for a key before anything else', async (method, path) => {
  const { rooms, asked } = fixtureRooms();
  await using server = await serve({ rooms });
  for (const [headers, code] of [
    [{}, 'missing_authorization'],
    [{ authorization: 'Token x' }, 'invalid_authorization_format'],
    [{ authorization: 'Bearer wrong' }, 'invalid_api_key'],
  ] as const) {
    const body = method === 'POST' ? { body: '{broken' } : {};
    const response = await fetch(server.url + path, {
      method,
      headers: { ...headers, 'content-type': 'text/odd' },
      ...body,
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ code, statusCode: 401 });
  }
  expect(asked).toEqual([]);
});

test.each(['/health', '/docs', '/docs/', '/docs/json'])('%s needs no key', async (path) => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const response = await call(server, 'GET', path, noKey);
  expect(response.status).toBe(200);
  await response.text();
});

test('an unknown page below /docs is missing, not forbidden', async () => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  expect((await call(server, 'GET', '/docs/nope', noKey)).status).toBe(404);
});
