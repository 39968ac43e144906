/** Streams over real sockets: order, ids, ends, and clients that leave or stall. */
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { completed, entry, preview } from './items.ts';
import { fixtureRooms, itemsOf, key, LiveLog, sessionId, turnId } from './rooms.ts';
import { call, eventsOf, raw, serve, socketTo } from './server.ts';

const messages = `/api/sessions/${sessionId}/messages`;
const stream = `/api/sessions/${sessionId}/stream`;
const init = entry(6, 'message', { type: 'system', subtype: 'init' });
const result = entry(7, 'message', { type: 'result', num_turns: 1, result: 'Hi' });
const oneTurn = () =>
  [entry(5, 'turn_started', {}), init, result, completed(8)].map((followed) => structuredClone(followed));

test('the reply to a message is its turn, from session_start to one done', async () => {
  const { rooms, asked } = fixtureRooms(async () => itemsOf([...oneTurn(), completed(9)]));
  await using server = await serve({ rooms });
  const response = await call(server, 'POST', messages, { body: { content: 'hi' } });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    connection: 'keep-alive',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.any(String),
  });
  const events = await eventsOf(response);
  expect(events.map(({ event, id }) => [event, id])).toEqual([
    ['session_start', '4'],
    ['message', '6'],
    ['turn_complete', undefined],
    ['message', '7'],
    ['done', '8'],
  ]);
  expect(JSON.parse(events[0]?.data ?? '')).toEqual({ sessionId, version: '1.2.3', turnId });
  expect(JSON.parse(events[4]?.data ?? '')).toEqual({ sessionId, turnId, status: 'completed' });
  expect(asked.at(-1)).toEqual(['follow', { cursor: { seq: 4, previews: 0 }, turnId, previews: false }]);
});

test('previews are asked for and shown with includePartialMessages only', async () => {
  const text = preview(6, 1, { type: 'content_block_delta', delta: { type: 'text_delta', text: 'H' } });
  const { rooms, asked } = fixtureRooms(async () => itemsOf([text, completed(7)]));
  await using server = await serve({ rooms });
  const names = async (includePartialMessages: boolean): Promise<string[]> => {
    const response = await call(server, 'POST', messages, { body: { content: 'hi', includePartialMessages } });
    return (await eventsOf(response)).map(({ event, id = '-' }) => `${event} ${id}`);
  };
  expect(await names(true)).toEqual(['session_start 4', 'text_delta -', 'message 6.1', 'done 7']);
  expect(await names(false)).toEqual(['session_start 4', 'done 7']);
  expect(asked.filter(([name]) => name === 'follow').map(([, given]) => given)).toMatchObject([
    { previews: true },
    { previews: false },
  ]);
});

test.each([
  ['nothing', '', {}, { cursor: { seq: 0, previews: 0 }, turnId: undefined, previews: false }],
  [
    '?after',
    '?after=3.7&includePartialMessages=true',
    {},
    { cursor: { seq: 3, previews: 7 }, turnId: undefined, previews: true },
  ],
  [
    'Last-Event-ID over ?after',
    '?after=3',
    { 'last-event-id': '5.2' },
    { cursor: { seq: 5, previews: 2 }, turnId: undefined, previews: false },
  ],
  ['a turn', `?turnId=${turnId}`, {}, { cursor: { seq: 0, previews: 0 }, turnId, previews: false }],
])('following with %s', async (_name, query, headers, given) => {
  const { rooms, asked } = fixtureRooms(async () => itemsOf(oneTurn()));
  await using server = await serve({ rooms });
  const response = await call(server, 'GET', stream + query, { headers });
  const text = await response.text();
  expect(asked[0]).toEqual(['follow', given]);
  // Whoever follows a session has its sandbox made ready; whoever reads one turn has not.
  expect(asked.slice(1).map(([name]) => name)).toEqual(given.turnId === undefined ? ['wake'] : []);
  expect(text.match(/^event: done$/gm)).toHaveLength(1);
  expect(text.includes('event: turn_started')).toBe(given.turnId === undefined);
  expect(text).not.toContain('session_start');
});

test('what is there at once is written at once', async () => {
  const { rooms } = fixtureRooms(async () => itemsOf(oneTurn()));
  await using server = await serve({ rooms });
  const answer = await raw(
    server,
    `GET ${stream}?turnId=${turnId} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n\r\n`,
  );
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  const chunks = body.match(/^[0-9a-f]+\r$/gm);
  expect(chunks).toHaveLength(2);
  expect(chunks?.[1]).toBe('0\r');
});

test('errors before the first event are JSON', async () => {
  const { rooms } = fixtureRooms();
  await using server = await serve({ rooms });
  const missing = '019a0000-0000-7000-8000-00000000dead';
  for (const response of [
    await call(server, 'POST', `/api/sessions/${missing}/messages`, { body: { content: 'hi' } }),
    await call(server, 'GET', `/api/sessions/${missing}/stream`),
  ]) {
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({ code: 'session_not_found', statusCode: 404 });
  }
});

test('HEAD answers the head of a stream and follows nothing', async () => {
  const log = new LiveLog();
  const { rooms } = fixtureRooms(log.follow);
  await using server = await serve({ rooms });
  const response = await call(server, 'HEAD', stream);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
});

test('a bug while following is an error and a done, told once to the log', async () => {
  const logged: unknown[] = [];
  const logger = { error: (fields: unknown) => void logged.push(fields), warn: () => undefined };
  const { rooms } = fixtureRooms(async () =>
    (async function* () {
      yield { items: [structuredClone(init)] };
      throw new Error('secret detail');
    })(),
  );
  await using server = await serve({ rooms, logger });
  const events = await eventsOf(await call(server, 'POST', messages, { body: { content: 'hi' } }));
  expect(events.map(({ event }) => event)).toEqual(['session_start', 'message', 'error', 'done']);
  expect(JSON.parse(events[2]?.data ?? '')).toEqual({ error: 'Internal server error', code: 'internal' });
  expect(logged).toHaveLength(1);
});

test('a quiet stream carries comments', async () => {
  const log = new LiveLog();
  const { rooms } = fixtureRooms(log.follow);
  await using server = await serve({ rooms, heartbeatMs: 5 });
  const leave = new AbortController();
  const response = await call(server, 'GET', stream, { signal: leave.signal });
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (text.length > 40) break;
  }
  expect(text).toMatch(/^(: keep-alive\n\n)+$/);
  leave.abort();
  await log.left;
});

test('a client that leaves ends its own reading and nothing else', async () => {
  const log = new LiveLog();
  const { rooms, asked } = fixtureRooms(log.follow);
  await using server = await serve({ rooms });
  const leave = new AbortController();
  const response = await call(server, 'POST', messages, { body: { content: 'hi' }, signal: leave.signal });
  await response.body?.getReader().read();
  leave.abort();
  await log.left;
  expect(asked.map(([name]) => name)).toEqual(['start', 'follow']);
  expect((await call(server, 'GET', '/health')).status).toBe(200);
});

test('a client that reads nothing is given up after the bound', async () => {
  const log = new LiveLog();
  const { rooms } = fixtureRooms(log.follow);
  await using server = await serve({ rooms, drainTimeoutMs: 20 });
  const socket = socketTo(server);
  socket.on('error', () => undefined).pause();
  socket.write(`GET ${stream} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  for (let seq = 1; seq <= 32; seq++) log.push(entry(seq, 'message', { type: 'system', text: 'x'.repeat(1 << 20) }));
  await log.left;
  socket.resume();
  await once(socket, 'close');
});

test('streams beyond the bound are refused before a turn is started', async () => {
  const log = new LiveLog();
  const { rooms, asked } = fixtureRooms(log.follow);
  await using server = await serve({ rooms, maxStreams: 1 });
  const leave = new AbortController();
  await call(server, 'GET', stream, { signal: leave.signal });
  const refused = await call(server, 'POST', messages, { body: { content: 'hi' } });
  expect(refused.status).toBe(503);
  await refused.text();
  expect(asked.map(([name]) => name)).toEqual(['follow', 'wake']);
  leave.abort();
  await log.left;
});

test('at shutdown a stream is told to come back, and has no done', async () => {
  const log = new LiveLog();
  const { rooms } = fixtureRooms(log.follow);
  const server = await serve({ rooms });
  const response = await call(server, 'POST', messages, { body: { content: 'hi' } });
  log.push(structuredClone(init));
  const text = response.text();
  await server[Symbol.asyncDispose]();
  await log.left;
  expect(await text).toMatch(/^id: 4\nevent: session_start\n[\s\S]*\n\nretry: 200\n: .*\n\n$/);
  expect(await text).not.toContain('event: done');
  await expect(call(server, 'GET', '/health')).rejects.toThrow();
});

test('a stalled client does not hold up the shutdown', async () => {
  const log = new LiveLog();
  const { rooms } = fixtureRooms(log.follow);
  const server = await serve({ rooms });
  const socket = socketTo(server);
  socket.on('error', () => undefined);
  socket.write(`GET ${stream} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  await once(socket, 'readable');
  for (let seq = 1; seq <= 32; seq++) log.push(entry(seq, 'message', { type: 'system', text: 'x'.repeat(1 << 20) }));
  await server[Symbol.asyncDispose]();
  await log.left;
  socket.destroy();
});

test('when the log ends a stream without its turn, the client is asked to come back', async () => {
  const { rooms } = fixtureRooms(async () => itemsOf([structuredClone(init)]));
  await using server = await serve({ rooms });
  const text = await (await call(server, 'POST', messages, { body: { content: 'hi' } })).text();
  expect(text).toMatch(/event: message\n.*\n\nretry: 200\n: .*\n\n$/);
});

test('streams are bounded; whoever has one keeps it', async () => {
  const log = new LiveLog();
  const { rooms } = fixtureRooms(log.follow);
  await using server = await serve({ rooms, maxStreams: 1 });
  const first = await call(server, 'GET', `${stream}?turnId=${turnId}`);
  for (const [method, path, given] of [
    ['GET', stream, {}],
    ['POST', messages, { body: { content: 'hi' } }],
  ] as const) {
    const response = await call(server, method, path, given);
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'stream_limit_reached' }]);
  }
  log.push(completed(9));
  log.end();
  expect((await eventsOf(first)).map(({ event }) => event)).toEqual(['done']);
  expect((await call(server, 'GET', stream)).status).toBe(200);
});
