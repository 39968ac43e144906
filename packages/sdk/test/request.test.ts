import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { AshApiError, AshClient } from '../src/index.ts';
import { answerJson, startServer } from './server.ts';

const refusal = (statusCode: number, code: string) => ({ error: `No: ${code}`, statusCode, code, requestId: 'r1' });

describe('repeating', () => {
  test.for([408, 429, 500, 502, 503, 504])('a read is repeated after %i', async (status) => {
    await using server = await startServer((response, _asked, count) =>
      count === 1 ? answerJson(response, status, {}) : answerJson(response, 200, { agents: [] }),
    );
    expect(await new AshClient({ serverUrl: server.url }).listAgents()).toEqual([]);
    expect(server.asked).toHaveLength(2);
  });

  test('a broken connection is repeated; a creating call keeps its Idempotency-Key', async () => {
    await using server = await startServer((response, _asked, count) =>
      count === 1 ? void response.destroy() : answerJson(response, 201, { session: { id: 'a' } }),
    );
    await new AshClient({ serverUrl: server.url }).createSession('poet');
    const keys = server.asked.map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[1]).toBe(keys[0]);
  });

  test('what changes something and has no key is sent once', async () => {
    await using server = await startServer((response) => answerJson(response, 503, {}));
    await expect(new AshClient({ serverUrl: server.url }).pauseSession('a')).rejects.toMatchObject({ statusCode: 503 });
    expect(server.asked).toHaveLength(1);
    expect(server.asked[0]?.headers['content-type']).toBeUndefined();
  });

  test('a code that waiting will not change is not repeated, whatever its status', async () => {
    await using server = await startServer((response) =>
      answerJson(response, 500, refusal(500, 'isolation_unavailable')),
    );
    await expect(new AshClient({ serverUrl: server.url }).createSession('a')).rejects.toMatchObject({
      retryable: false,
    });
    expect(server.asked).toHaveLength(1);
  });

  test('repeating ends after maxRetries; a Retry-After of more than a minute ends it at once', async () => {
    await using server = await startServer((response, asked) =>
      answerJson(
        response,
        503,
        refusal(503, 'shutting_down'),
        asked.url === '/health' ? {} : { 'retry-after': '3600' },
      ),
    );
    const client = new AshClient({ serverUrl: server.url, maxRetries: 1 });
    await expect(client.health()).rejects.toMatchObject({ code: 'shutting_down', retryable: true });
    expect(server.asked).toHaveLength(2);
    await expect(client.listAgents()).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
    expect(server.asked).toHaveLength(3);
  });
});

describe('errors', () => {
  test('carry everything the body says', async () => {
    const body = { ...refusal(404, 'agent_not_found'), suggestion: 'Deploy it.', details: { agent: 'x' } };
    await using server = await startServer((response) => answerJson(response, 404, body));
    const error = await new AshClient({ serverUrl: server.url }).getAgent('x').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(AshApiError);
    expect(error).toMatchObject({
      name: 'AshApiError',
      message: 'No: agent_not_found',
      statusCode: 404,
      code: 'agent_not_found',
      suggestion: 'Deploy it.',
      details: { agent: 'x' },
      requestId: 'r1',
      retryable: false,
    });
  });

  test.for([
    ['{"message":"why","error":"Bad Request"}', 'why'],
    ['{"error":"only this"}', 'only this'],
    ['<html>', 'Not Found'],
    ['', 'Not Found'],
    ['null', 'Not Found'],
  ])('the text of %s is %s', async ([body = '', text = '']) => {
    await using server = await startServer((response) => void response.writeHead(404).end(body));
    await expect(new AshClient({ serverUrl: server.url }).getSession('x')).rejects.toThrow(text);
  });

  test('an answer that is not JSON says so', async () => {
    await using server = await startServer((response) => void response.end('<html>'));
    await expect(new AshClient({ serverUrl: server.url }).health()).rejects.toThrow("isn't JSON");
  });

  test('a deadline is an error with its own name', async () => {
    await using server = await startServer(() => undefined);
    const client = new AshClient({ serverUrl: server.url, timeoutMs: 20, maxRetries: 0 });
    await expect(client.health()).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('requests', () => {
  test('204 is undefined; names are encoded; unset options are not sent; one slash is removed', async () => {
    await using server = await startServer((response, asked) =>
      asked.method === 'DELETE'
        ? void response.writeHead(204).end()
        : answerJson(response, 200, { agent: 1, sessions: [], session: {}, total: 7 }),
    );
    const client = new AshClient({ serverUrl: `${server.url}/`, apiKey: 'ash_key' });
    expect(await client.deleteAgent('a/b ?#é')).toBeUndefined();
    await client.listSessions('x&y');
    await client.listSessions({ status: 'active', limit: 5, agent: undefined });
    expect(await client.listSessionsWithTotal()).toEqual({ sessions: [], total: 7 });
    await client.createSession('p', { model: undefined, allowedTools: [] });
    await client.listMessages('s', { afterSequence: 3 }).catch(() => undefined);
    expect(server.asked.map(({ url }) => url)).toEqual([
      '/api/agents/a%2Fb%20%3F%23%C3%A9',
      '/api/sessions?agent=x%26y',
      '/api/sessions?status=active&limit=5',
      '/api/sessions?includeTotal=true',
      '/api/sessions',
      '/api/sessions/s/messages?after=3',
    ]);
    expect(server.asked[4]?.body).toEqual({ agent: 'p', allowedTools: [] });
    expect(server.asked.every(({ headers }) => headers.authorization === 'Bearer ash_key')).toBe(true);
  });

  test.for(['', '.', '..'])('%j names nothing and is not sent', async (name) => {
    await using server = await startServer((response) => answerJson(response, 200, {}));
    await expect(new AshClient({ serverUrl: server.url }).getAgent(name)).rejects.toMatchObject({ statusCode: 400 });
    expect(server.asked).toHaveLength(0);
  });

  test('a server that is no URL is refused when the client is made', () => {
    expect(() => new AshClient({ serverUrl: 'localhost:4100' })).toThrow(TypeError);
  });

  test('an abort rejects with its reason and leaves no listener behind', async () => {
    const abort = new AbortController();
    await using server = await startServer(() => abort.abort(new Error('enough')));
    const { listAgents } = new AshClient({ serverUrl: server.url });
    await expect(listAgents({ signal: abort.signal })).rejects.toThrow('enough');
    await expect(listAgents({ signal: abort.signal })).rejects.toThrow('enough');
    expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  });
});
