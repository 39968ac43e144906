import { once } from 'node:events';
import type { AshStreamEvent } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { AshApiError, AshClient, AshStreamCut } from '../src/index.ts';
import { sessionId, streamFrom, turnId, wholeTurn } from './recorded.ts';
import { type Answer, type Asked, answerJson, beginSse, startServer } from './server.ts';

function cursorOf(asked: Asked): string | undefined {
  return new URL(asked.url, 'http://server').searchParams.get('after') ?? undefined;
}

/** Sends `bytes` and then breaks the connection, or ends the body as if all was well. */
function cutAfter(bytes: Buffer, how: 'break' | 'end'): Answer {
  return (response) => {
    beginSse(response);
    if (how === 'end') return void response.end(bytes);
    response.write(bytes.length === 0 ? '\n' : bytes, () => response.destroy());
  };
}

async function readAll(url: string, options = {}): Promise<AshStreamEvent[]> {
  const client = new AshClient({ serverUrl: url });
  return Array.fromAsync(client.sendMessageStream(sessionId, 'Hello!', { includePartialMessages: true, ...options }));
}

test.for(['break', 'end'] as const)('every event comes once wherever the connection is cut (%s)', async (how) => {
  const whole = streamFrom(undefined);
  const cuts = Array.from({ length: whole.length }, (_, at) => at);
  // Each session id of the fixture stands for one cut, so that one server serves them all.
  const seen = new Set<string>();
  await using server = await startServer((response, asked, count) => {
    const cut = Number(asked.headers['x-cut']);
    const first = !seen.has(String(cut));
    seen.add(String(cut));
    if (first) return cutAfter(whole.subarray(0, cut), how)(response, asked, count);
    beginSse(response).end(streamFrom(asked.method === 'POST' ? undefined : cursorOf(asked)));
  });
  const workers = Array.from({ length: 128 }, async () => {
    for (let cut = cuts.pop(); cut !== undefined; cut = cuts.pop()) {
      const at = String(cut);
      const client = new AshClient({
        serverUrl: server.url,
        fetch: (input, init) => fetch(input, { ...init, headers: { ...(init?.headers as object), 'x-cut': at } }),
      });
      const events = await Array.fromAsync(
        client.sendMessageStream(sessionId, 'Hello!', { includePartialMessages: true }),
      );
      expect(events, `cut at ${at}`).toEqual(wholeTurn);
    }
  });
  await Promise.all(workers);
  const keys = new Map<string, Set<unknown>>();
  for (const { method, headers } of server.asked) {
    if (method !== 'POST') continue;
    const cut = String(headers['x-cut']);
    keys.set(cut, (keys.get(cut) ?? new Set()).add(headers['idempotency-key']));
  }
  expect([...keys.values()].every((values) => values.size === 1)).toBe(true);
});

test('reconnects go to the turn, from the cursor, with the same wish for partial messages', async () => {
  await using server = await startServer((response, asked, count) => {
    beginSse(response);
    if (count === 1) response.end(streamFrom(undefined).subarray(0, streamFrom(undefined).indexOf('id: 5')));
    else response.end(streamFrom(cursorOf(asked)));
  });
  expect(await readAll(server.url)).toEqual(wholeTurn);
  expect(server.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    `POST /api/sessions/${sessionId}/messages`,
    `GET /api/sessions/${sessionId}/stream?after=4.5&turnId=${turnId}&includePartialMessages=true`,
  ]);
  expect(server.asked[0]?.body).toEqual({ content: 'Hello!', includePartialMessages: true });
});

test('a server that refuses the reconnect is believed at once', async () => {
  await using server = await startServer((response, _asked, count) => {
    if (count === 1) beginSse(response).end(streamFrom(undefined).subarray(0, 200));
    else answerJson(response, 404, { error: 'Session gone not found', statusCode: 404, code: 'session_not_found' });
  });
  await expect(readAll(server.url)).rejects.toMatchObject({ name: 'AshApiError', code: 'session_not_found' });
  expect(server.asked).toHaveLength(2);
});

test('reconnecting without progress ends with the last error', async () => {
  const bytes = streamFrom(undefined);
  await using server = await startServer((response) => void beginSse(response).end(bytes.subarray(0, 200)));
  const client = new AshClient({ serverUrl: server.url, maxRetries: 1 });
  await expect(Array.fromAsync(client.sendMessageStream(sessionId, 'Hello!'))).rejects.toBeInstanceOf(AshStreamCut);
  expect(server.asked).toHaveLength(1 + 3);
});

test('a failed answer before the stream rejects on the first next()', async () => {
  await using server = await startServer((response) =>
    answerJson(response, 400, { error: 'Session is paused', statusCode: 400, code: 'session_not_active' }),
  );
  const stream = new AshClient({ serverUrl: server.url }).sendMessageStream(sessionId, 'Hello!');
  await expect(stream.next()).rejects.toBeInstanceOf(AshApiError);
  expect(server.asked).toHaveLength(1);
});

test('a server without turn ids and cursors streams through and ends with its body', async () => {
  const text = 'event: session_start\ndata: {"sessionId":"s"}\n\nevent: error\ndata: {"error":"boom"}\n\n';
  await using server = await startServer((response) => void beginSse(response).end(text));
  const events = await readAll(server.url);
  expect(events.map(({ type }) => type)).toEqual(['session_start', 'error']);
  expect(server.asked).toHaveLength(1);
});

test('leaving the loop frees the connection and reconnects nothing', async () => {
  let closed: Promise<unknown> | undefined;
  await using server = await startServer((response) => {
    closed = once(response, 'close');
    beginSse(response).write(streamFrom(undefined).subarray(0, 400));
  });
  for await (const event of new AshClient({ serverUrl: server.url }).sendMessageStream(sessionId, 'Hello!')) {
    expect(event.type).toBe('session_start');
    break;
  }
  await closed;
  expect(server.asked).toHaveLength(1);
});

test('an abort detaches with its reason, also between two connections', async () => {
  const detach = new AbortController();
  await using server = await startServer((response, _asked, count) => {
    if (count === 1) beginSse(response).end(streamFrom(undefined).subarray(0, 400));
    else detach.abort(new Error('enough'));
  });
  await expect(readAll(server.url, { signal: detach.signal })).rejects.toThrow('enough');
  expect(server.asked).toHaveLength(2);
});

test('following a session goes over turns without end and starts after the cursor', async () => {
  await using server = await startServer((response, asked, count) => {
    beginSse(response);
    if (count < 3) response.end(count === 1 ? streamFrom(cursorOf(asked)) : streamFrom('4.5'));
    else response.destroy();
  });
  const client = new AshClient({ serverUrl: server.url, maxRetries: 0 });
  const endless = client.followSession(sessionId, { after: 4 });
  const events: AshStreamEvent[] = [];
  await expect(
    (async () => {
      for await (const event of endless) events.push(event);
    })(),
  ).rejects.toThrow();
  expect(events).toEqual([wholeTurn[0], ...wholeTurn.slice(2)]);
  expect(server.asked[0]?.url).toBe(`/api/sessions/${sessionId}/stream?after=4`);
});
