/** A model's name that is none is refused with the request, not with the turn. */
import { expect, test } from 'vitest';
import { fixtureRooms, sessionId } from './rooms.ts';
import { call, serve } from './server.ts';

test.each([
  ['POST', '/api/sessions', { agent: 'bot', model: '' }],
  ['PATCH', `/api/sessions/${sessionId}/config`, { model: '' }],
  ['POST', `/api/sessions/${sessionId}/messages`, { content: 'Hello', model: '' }],
])('%s %s with an empty one', async (method, path, body) => {
  const { rooms, asked } = fixtureRooms();
  await using server = await serve({ rooms });
  const response = await call(server, method, path, { body });
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { code: 'validation_failed', error: 'model: must have at least 1 character' },
  ]);
  expect(asked).toEqual([]);
});
