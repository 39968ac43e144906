/** Bad input gets its coded error and changes nothing; afterwards everything works as before. */
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ash, useAsh } from './harness.ts';
import { Reader, say } from './streams.ts';

const use = useAsh();

const unknownId = '01890000-0000-7000-8000-000000000000';
let sessionId = '';
let ended = '';
let paused = '';
let foreignKey = '';

beforeAll(async () => {
  const { ash } = use;
  const sessions = await Promise.all([ash.session(), ash.session(), ash.session()]);
  [sessionId = '', ended = '', paused = ''] = sessions.map(({ id }) => id);
  await say(ash, sessionId, 'My name is Alice.');
  await ash.client.endSession(ended);
  await ash.client.pauseSession(paused);
  foreignKey = ash.keyOf('another-tenant');
});

/** Everything in the database that a request could change. */
function contents(ash: Ash): Record<string, unknown[]> {
  const tables = ['agents', 'agent_versions', 'sessions', 'turns', 'log_entries', 'idempotency_keys', 'api_keys'];
  return Object.fromEntries(tables.map((table) => [table, ash.rows(`select * from ${table}`)]));
}

let before: Record<string, unknown[]> = {};
beforeEach(() => {
  before = contents(use.ash);
});
afterEach(() => {
  expect(contents(use.ash)).toEqual(before);
});

async function expectRefused(response: Response, status: number, code: string): Promise<void> {
  const body = await response.json();
  expect(body).toMatchObject({ statusCode: status, code, error: expect.any(String), requestId: expect.any(String) });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toContain('application/json');
}

const inline = { 'CLAUDE.md': '# Hi\n' };
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('deploying', () => {
  test.each(['', 'two words', '../up', 'a/b', '.', '..', 'ümlaut', 'dot.dot', 'x'.repeat(256), '$(id)', 'a\nb'])(
    'under the name %j',
    async (name) => {
      const { ash } = use;
      const body = { name, files: Object.entries(inline).map(([path, text]) => ({ path, content: base64(text) })) };
      await expectRefused(await ash.call('POST', '/api/agents', { body }), 400, 'agent_name_invalid');
    },
  );

  test('a folder without CLAUDE.md', async () => {
    const { ash } = use;
    const path = await ash.agentFolder('empty', { 'README.md': 'nothing' });
    await expectRefused(
      await ash.call('POST', '/api/agents', { body: { name: 'new', path } }),
      400,
      'agent_instructions_missing',
    );
    const files = [{ path: 'README.md', content: base64('nothing') }];
    const body = { name: 'new', files, replace: true };
    await expectRefused(await ash.call('POST', '/api/agents', { body }), 400, 'agent_instructions_missing');
  });

  test('a folder that is not there, or is the server’s own', async () => {
    const { ash } = use;
    const paths = ['/nonexistent/folder', join(ash.dataDir, 'ash.db'), join(ash.dataDir, 'sandboxes'), ash.dataDir];
    const codes = [];
    for (const path of paths) {
      const response = await ash.call('POST', '/api/agents', { body: { name: 'new', path } });
      codes.push([response.status, ((await response.json()) as { code: string }).code]);
    }
    expect(codes).toEqual([
      [400, 'agent_path_not_found'],
      [403, 'agent_path_forbidden'],
      [403, 'agent_path_forbidden'],
      [403, 'agent_path_forbidden'],
    ]);
  });

  test.each(['../outside', '/etc/passwd', 'a//b', 'a/../../b', '', 'a\\b'])('a file at %j', async (path) => {
    const files = [
      { path, content: base64('x') },
      { path: 'CLAUDE.md', content: base64('# Hi') },
    ];
    await expectRefused(
      await use.ash.call('POST', '/api/agents', { body: { name: 'new', files } }),
      400,
      'agent_file_invalid',
    );
  });

  test('a file that is not base64', async () => {
    const files = [{ path: 'CLAUDE.md', content: 'ä?!' }];
    await expectRefused(
      await use.ash.call('POST', '/api/agents', { body: { name: 'new', files } }),
      400,
      'agent_file_invalid',
    );
  });
});

describe('a body', () => {
  const post = (body: unknown, headers?: Record<string, string>) =>
    use.ash.call('POST', `/api/sessions/${sessionId}/messages`, {
      body,
      ...(headers === undefined ? {} : { headers }),
    });

  test.each(['{', 'content=hi', '', '{"content":"hi"', 'nil'])('that is not JSON: %j', async (body) => {
    await expectRefused(await post(body), 400, 'body_not_json');
  });

  test.each([
    ['no object', '["hi"]'],
    ['nothing in it', {}],
    ['content of the wrong type', { content: { text: 'hi' } }],
    ['no content', { content: '' }],
    ['too long a content', { content: 'x'.repeat(500_001) }],
    ['an unknown choice', { content: 'hi', whenBusy: 'sometimes' }],
    ['a number out of range', { content: 'hi', maxTurns: 0 }],
    ['a number that is none', { content: 'hi', maxTurns: 'many' }],
    ['a NUL character', { content: 'a\0b' }],
    ['a way to the prototype', '{"content":"hi","__proto__":{"maxTurns":1}}'],
  ])('with %s', async (_name, body) => {
    await expectRefused(await post(body), 400, 'validation_failed');
  });

  test('that is too large', async () => {
    const body = { agent: 'agent', systemPrompt: 'x'.repeat(2_000_000) };
    await expectRefused(await use.ash.call('POST', '/api/sessions', { body }), 413, 'body_too_large');
  });

  test('of another type', async () => {
    await expectRefused(await post('<hi/>', { 'content-type': 'text/xml' }), 415, 'unsupported_media_type');
  });

  test('with an idempotency key that can’t be one', async () => {
    await expectRefused(await post({ content: 'hi' }, { 'idempotency-key': 'two words' }), 400, 'validation_failed');
  });
});

describe('what is not there', () => {
  test('an agent', async () => {
    const { ash } = use;
    await expectRefused(await ash.call('POST', '/api/sessions', { body: { agent: 'nobody' } }), 404, 'agent_not_found');
    await expectRefused(await ash.call('GET', '/api/agents/nobody'), 404, 'agent_not_found');
    await expectRefused(await ash.call('DELETE', '/api/agents/nobody'), 404, 'agent_not_found');
  });

  test('a route', async () => {
    await expectRefused(await use.ash.call('GET', '/api/nowhere'), 404, 'route_not_found');
  });

  test('a turn', async () => {
    const path = `/api/sessions/${sessionId}/stream?turnId=${unknownId}`;
    await expectRefused(await use.ash.call('GET', path), 404, 'turn_not_found');
  });
});

test('another tenant sees none of our things', async () => {
  const { ash } = use;
  const stranger = ash.clientOf(() => foreignKey);
  expect(await stranger.listSessions()).toEqual([]);
  expect(await stranger.listAgents()).toEqual([]);
  await expect(stranger.createSession('agent')).rejects.toMatchObject({ code: 'agent_not_found' });
  await expect(stranger.deployAgent('theirs', join(ash.dataDir, '..', 'agents', 'agent'))).rejects.toMatchObject({
    code: 'agent_path_forbidden',
  });
});

describe('a message to a session that takes none', () => {
  test.each([
    ['paused', () => paused],
    ['ended', () => ended],
  ])('%s', async (status, id) => {
    const response = await use.ash.call('POST', `/api/sessions/${id()}/messages`, { body: { content: 'Hello?' } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'session_not_active', error: `Session is ${status}` });
  });
});

describe('a cursor', () => {
  test.each(['abc', '-1', '1.x', '99999', '1.2.3'])('%j', async (after) => {
    const path = `/api/sessions/${sessionId}/stream`;
    await expectRefused(await use.ash.call('GET', `${path}?after=${after}`), 400, 'cursor_invalid');
    await expectRefused(
      await use.ash.call('GET', path, { headers: { 'last-event-id': after } }),
      400,
      'cursor_invalid',
    );
  });

  test.each(['limit=0', 'limit=1001', 'limit=many', 'after=-1'])('of a page: %s', async (query) => {
    const response = await use.ash.call('GET', `/api/sessions/${sessionId}/messages?${query}`);
    await expectRefused(response, 400, 'validation_failed');
  });
});

describe('after all that', () => {
  test('the session goes on', async () => {
    const { ash } = use;
    expect(await say(ash, sessionId, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
    // This one is meant to change things.
    before = contents(ash);
  });

  test('a reader of the ended one gets its log', async () => {
    const reader = await Reader.follow(use.ash, ended);
    await reader.until(({ event, data }) => event === 'session' && data.action === 'ended');
    await reader.leave();
  });
});
