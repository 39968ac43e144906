/** The model gateway over real sockets: credentials, ceilings, metering, and upstreams that misbehave. */
import { once } from 'node:events';
import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { connect, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { ModelLimits, ModelUpstream } from '@ash-ai/shared/bridge-wire';
import { describe, expect, test } from 'vitest';
import { ModelGateway, type ModelGatewayOptions } from '../../src/egress/model-gateway.ts';
import { certificate, certificateKey } from './fixture-certificate.ts';
import { ask, Bench } from './harness.ts';

const call = JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 10, messages: [] });
const usage = { input_tokens: 100, output_tokens: 20, cache_creation_input_tokens: 3, cache_read_input_tokens: 7 };
const message = { type: 'message', model: 'claude-sonnet-4-5', content: [], usage };

/** A gateway with this behind it. */
async function gatewayTo(
  bench: Bench,
  upstream: ModelUpstream,
  given: { limits?: Partial<ModelLimits>; options?: ModelGatewayOptions } = {},
) {
  const gateway = bench.use(new ModelGateway({ journal: bench.journal, ...given.options }));
  gateway.use(upstream, { spentUsd: 0, usedTokens: 0, ...given.limits });
  const socketPath = await bench.socketPath('model.sock');
  await gateway.listen(socketPath);
  const send = (body: string | Buffer = call, headers: Record<string, string> = {}, path = '/v1/messages?beta=true') =>
    ask({ socketPath, method: 'POST', path, headers: { 'content-type': 'application/json', ...headers } }, body);
  return { gateway, socketPath, send };
}

/** An API that answers every call like this. */
async function api(bench: Bench, listener: RequestListener): Promise<ModelUpstream> {
  const port = await bench.listen(createHttp(listener));
  return { baseUrl: `http://127.0.0.1:${port}`, headers: { 'x-api-key': 'the real key' } };
}

function answered(_call: IncomingMessage, answer: ServerResponse): void {
  answer.setHeader('content-type', 'application/json').end(JSON.stringify(message));
}

async function bodyOf(call: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of call) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('credentials', () => {
  test.each([
    ['a key', { 'x-api-key': 'real' }],
    ['a bearer token', { authorization: 'Bearer real' }],
    ['headers of its own', { 'x-corp-auth': 'real', 'x-team': 'a' }],
  ])('%s takes the place of what the runtime sent', async (_name, headers: Record<string, string>) => {
    await using bench = new Bench();
    const seen: IncomingMessage['headers'][] = [];
    const { baseUrl } = await api(bench, (incoming, answer) => {
      seen.push(incoming.headers);
      answered(incoming, answer);
    });
    const { send } = await gatewayTo(bench, { baseUrl, headers });
    const sent = {
      'x-api-key': 'placeholder',
      authorization: 'Bearer placeholder',
      cookie: 'a=b',
      'accept-encoding': 'gzip',
    };
    expect((await send(call, { ...sent, 'anthropic-version': '2023-06-01' })).status).toBe(200);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ ...headers, 'anthropic-version': '2023-06-01', host: new URL(baseUrl).host });
    expect(JSON.stringify(seen)).not.toMatch(/placeholder|cookie|gzip/);
    expect(JSON.stringify(await bench.recorded(1))).not.toContain('real');
  });

  test('a call is under way until its answer has ended', async () => {
    await using bench = new Bench();
    const asked = Promise.withResolvers<ServerResponse>();
    const { send, gateway } = await gatewayTo(bench, await api(bench, (_call, answer) => asked.resolve(answer)));
    expect(gateway.busy).toBe(false);
    const sent = send();
    const answer = await asked.promise;
    expect(gateway.busy).toBe(true);
    answer.setHeader('content-type', 'application/json').end(JSON.stringify(message));
    expect((await sent).status).toBe(200);
    await expect.poll(() => gateway.busy).toBe(false);
  });

  test('https with a certificate that a setting vouches for, and only with it', async () => {
    await using bench = new Bench();
    const port = await bench.listen(createHttps({ key: certificateKey, cert: certificate }, answered));
    const baseUrl = `https://127.0.0.1:${port}`;
    const { send, gateway } = await gatewayTo(bench, { baseUrl, headers: {} });
    expect((await send()).status).toBe(502);
    expect(gateway.failure).toMatchObject({ code: 'model_unreachable' });
    gateway.use({ baseUrl, headers: {}, ca: certificate });
    expect((await send()).status).toBe(200);
    expect(gateway.failure).toBeUndefined();
  });

  test('one connection serves many calls', async () => {
    await using bench = new Bench();
    let connections = 0;
    const server = createHttp(answered).on('connection', () => {
      connections += 1;
    });
    const port = await bench.listen(server);
    const { send } = await gatewayTo(bench, { baseUrl: `http://127.0.0.1:${port}`, headers: {} });
    for (let index = 0; index < 5; index += 1) await send();
    expect(connections).toBe(1);
  });
});

describe('what is reachable', () => {
  test.each([
    ['GET', '/v1/files'],
    ['GET', '/v1/messages/batches'],
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1/messages/../files'],
    ['POST', '/v1/%2e%2e/admin'],
    ['GET', '/v1/organizations/me'],
    ['DELETE', '/v1/messages'],
    ['GET', '/'],
  ])('not %s %s', async (method, path) => {
    await using bench = new Bench();
    let asked = 0;
    const upstream = await api(bench, (_call, answer) => {
      asked += 1;
      answer.end();
    });
    const { socketPath } = await gatewayTo(bench, upstream);
    const { status, headers } = await ask({ socketPath, method, path });
    expect([status, headers['x-should-retry']]).toEqual([403, 'false']);
    expect(asked).toBe(0);
  });

  test('messages of role "system" in the middle, and whatever else a body holds, pass unchanged', async () => {
    await using bench = new Bench();
    const bodies: string[] = [];
    const upstream = await api(bench, async (incoming, answer) => {
      bodies.push((await bodyOf(incoming)).toString());
      answered(incoming, answer);
    });
    const { send } = await gatewayTo(bench, upstream, { limits: { models: [['m'], ['*']] } });
    const body =
      '{"messages":[{"role":"system","content":"{\\"model\\":\\"x\\"}"},{"model":"y"}], "model" : "m","ü":"\\\\"}';
    expect((await send(body)).status).toBe(200);
    expect(bodies).toEqual([body]);
  });
});

describe('ceilings', () => {
  test.each([
    ['an exact name', '{"model":"claude-opus-4-1"}', 403],
    ['a beginning', '{"model":"claude-sonnet-4-5"}', 200],
    ['no model', '{"messages":[]}', 403],
    ['two models', '{"model":"claude-sonnet-4-5","model":"claude-opus-4-1"}', 403],
    ['a model in disguise', '{"mod\\u0065l":"claude-opus-4-1","model":"claude-sonnet-4-5"}', 403],
    ['a model in capitals', '{"model":"claude-sonnet-4-5","Model":"claude-opus-4-1"}', 403],
    ['a model further in', '{"metadata":{"model":"claude-sonnet-4-5"}}', 403],
    ['a model that is no text', '{"model":["claude-sonnet-4-5"]}', 403],
    ['no JSON', 'model=claude-sonnet-4-5', 403],
  ])('models: %s', async (_name, body, status) => {
    await using bench = new Bench();
    const { send, gateway } = await gatewayTo(bench, await api(bench, answered), {
      limits: { models: [['*'], ['claude-sonnet-*']] },
    });
    const answer = await send(body);
    expect(answer.status).toBe(status);
    if (status === 200) return;
    expect(answer.headers['x-should-retry']).toBe('false');
    expect(JSON.parse(answer.body)).toMatchObject({ type: 'error', error: { type: 'permission_error' } });
    expect(gateway.failure).toMatchObject({ code: 'model_not_allowed' });
    expect(await bench.recorded(1)).toMatchObject([{ method: 'model', allowed: false, reason: 'model_not_allowed' }]);
  });

  test.each([
    ['tools of the client', '{"model":"m","tools":[{"name":"a"},{"type":"custom"},{"type":"bash_20250124"}]}', 200],
    ['one that is allowed', '{"model":"m","tools":[{"type":"web_search_20250305"}]}', 200],
    ['one that is not', '{"model":"m","tools":[{"name":"a"},{"type":"web_fetch_20250910"}]}', 403],
    ['one in disguise', '{"model":"m","tools":[{"t\\u0079pe":"web\\u005ffetch_1"}]}', 403],
    ['one of two types', '{"model":"m","tools":[{"type":"web_fetch_1","type":"custom"}]}', 403],
    ['one in the second of two lists', '{"model":"m","tools":[],"tools":[{"type":"code_execution_1"}]}', 403],
    ['MCP servers', '{"model":"m","mcp_servers":[{"type":"url","url":"https://a.test"}]}', 403],
    [
      'a word of the conversation',
      '{"model":"m","messages":[{"content":[{"type":"web_fetch_1","tools":[{"type":"x"}]}]}]}',
      200,
    ],
    ['an argument of a tool', '{"model":"m","tools":[{"name":"a","input_schema":{"type":"object"}}]}', 200],
  ])('tools that the API runs: %s', async (_name, body, status) => {
    await using bench = new Bench();
    const limits = { serverTools: [['*'], ['web_search_*']] };
    const { send, gateway } = await gatewayTo(bench, await api(bench, answered), { limits });
    expect((await send(body)).status).toBe(status);
    expect(gateway.failure?.code).toBe(status === 200 ? undefined : 'model_tool_not_allowed');
  });

  test.each([
    ['the session', { maxSpendUsd: 0.0001 }],
    ['the session, with what it spent before', { maxSpendUsd: 5, spentUsd: 4.9999 }],
    ['the tenant', { tenantLeftUsd: 0.0001 }],
    ['tokens', { maxTokens: 130 }],
  ])('spending of %s', async (_name, limits) => {
    await using bench = new Bench();
    const { send, gateway } = await gatewayTo(bench, await api(bench, answered), { limits });
    expect((await send()).status).toBe(200);
    const { status, headers, body } = await send();
    expect([status, headers['x-should-retry']]).toEqual([402, 'false']);
    expect(JSON.parse(body).error).toMatchObject({ type: 'billing_error', message: expect.stringMatching(/^Ash: /) });
    expect(gateway.failure).toMatchObject({ code: 'spend_limit_reached' });
  });

  test('calls a minute', async () => {
    await using bench = new Bench();
    let time = 1_000_000;
    const given = { limits: { requestsPerMinute: 2 }, options: { now: () => time } };
    const { send, gateway } = await gatewayTo(bench, await api(bench, answered), given);
    expect([(await send()).status, (await send()).status]).toEqual([200, 200]);
    time += 15_000;
    const { status, headers } = await send();
    expect([status, headers['retry-after'], headers['x-should-retry']]).toEqual([429, '45', 'false']);
    expect(gateway.failure).toMatchObject({ code: 'model_rate_limit_reached' });
    time += 45_000;
    expect((await send()).status).toBe(200);
  });

  test('calls a minute of all sessions of the tenant: held until then, however often that is said', async () => {
    await using bench = new Bench();
    let time = 1_000_000;
    const { send, gateway } = await gatewayTo(bench, await api(bench, answered), { options: { now: () => time } });
    gateway.hold(30_000);
    gateway.hold(10_000);
    time += 15_000;
    const { status, headers } = await send();
    expect([status, headers['retry-after'], headers['x-should-retry']]).toEqual([429, '15', 'false']);
    expect(gateway.failure).toMatchObject({ code: 'model_rate_limit_reached' });
    time += 15_000;
    expect((await send()).status).toBe(200);
  });

  test('later terms take the place of earlier ones, and what was spent stays spent', async () => {
    await using bench = new Bench();
    const upstream = await api(bench, answered);
    const { send, gateway } = await gatewayTo(bench, upstream);
    await send();
    gateway.use(upstream, { spentUsd: 0, usedTokens: 0, maxTokens: 130 });
    expect((await send()).status).toBe(402);
    gateway.use(upstream, { spentUsd: 0, usedTokens: 0, maxTokens: 131 });
    expect((await send()).status).toBe(200);
  });
});

describe('metering', () => {
  const stream = [
    { type: 'message_start', message: { ...message, usage: { ...usage, output_tokens: 1 } } },
    ...Array.from({ length: 5 }, () => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: 'ü' },
    })),
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 20 } },
    { type: 'message_stop' },
  ];
  const events = Buffer.from(
    stream.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  );
  const tokens = { input: 100, output: 20, cacheWrite: 3, cacheRead: 7 };

  test('of a stream, however it is cut into pieces, which passes unchanged', async () => {
    await using bench = new Bench();
    const upstream = await api(bench, async (_call, answer) => {
      answer.setHeader('content-type', 'text/event-stream; charset=utf-8');
      for (let at = 0; at < events.length; at += 7) {
        if (!answer.write(events.subarray(at, at + 7))) await new Promise((resolve) => answer.once('drain', resolve));
      }
      answer.end();
    });
    const { send } = await gatewayTo(bench, upstream);
    expect((await send()).body).toBe(events.toString());
    const [record] = await bench.recorded(1);
    expect(record).toMatchObject({
      ...{ method: 'model', status: 200, allowed: true, model: 'claude-sonnet-4-5', tokens },
      bytesIn: events.length,
    });
    expect(record?.costUsd).toBeCloseTo(((100 + 3 * 1.25 + 0.7) * 3 + 20 * 15) / 1e6, 9);
  });

  test('of one JSON message', async () => {
    await using bench = new Bench();
    const { send } = await gatewayTo(bench, await api(bench, answered));
    await send();
    expect(await bench.recorded(1)).toMatchObject([{ tokens, model: 'claude-sonnet-4-5' }]);
  });

  test('of a stream that breaks off: what came counts, and it breaks off for the runtime too', async () => {
    await using bench = new Bench();
    const upstream = await api(bench, (_call, answer) => {
      answer.setHeader('content-type', 'text/event-stream');
      answer.write(events.subarray(0, events.indexOf('event: message_delta')), () => answer.destroy());
    });
    const { socketPath } = await gatewayTo(bench, upstream);
    const outgoing = request({ socketPath, method: 'POST', path: '/v1/messages' });
    outgoing.end(call);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    let came = '';
    response.on('data', (chunk: Buffer) => {
      came += chunk.toString();
    });
    await expect(once(response, 'end')).rejects.toThrow(/aborted/);
    expect(came.match(/^event: content_block_delta$/gm)).toHaveLength(5);
    expect(await bench.recorded(1)).toMatchObject([{ tokens: { input: 100, output: 5 } }]);
  });

  test('of an answer that does not say: by its size', async () => {
    await using bench = new Bench();
    const upstream = await api(bench, (_call, answer) => answer.end('x'.repeat(4000)));
    const { send } = await gatewayTo(bench, upstream, { limits: { maxTokens: 1000 } });
    await send();
    expect(await bench.recorded(1)).toMatchObject([{ tokens: { input: Math.ceil(call.length / 4), output: 1000 } }]);
    expect((await send()).status).toBe(402);
  });

  test('not of what is no answer of a model', async () => {
    await using bench = new Bench();
    const upstream = await api(bench, (_call, answer) => answer.writeHead(529).end('{"type":"error"}'));
    const { send } = await gatewayTo(bench, upstream, { limits: { maxTokens: 1 } });
    for (let index = 0; index < 3; index += 1) expect((await send()).status).toBe(529);
    await send(call, {}, '/v1/messages/count_tokens');
    expect(await bench.recorded(4)).toMatchObject([{ tokens: null, costUsd: null }, {}, {}, { tokens: null }]);
  });
});

describe('an upstream that misbehaves', () => {
  test('nobody listens', async () => {
    await using bench = new Bench();
    const closed = createServer();
    const port = await bench.listen(closed);
    await new Promise((resolve) => closed.close(resolve));
    const { send, gateway } = await gatewayTo(bench, { baseUrl: `http://127.0.0.1:${port}`, headers: {} });
    expect((await send()).status).toBe(502);
    expect(gateway.failure).toEqual({ code: 'model_unreachable', error: 'ECONNREFUSED' });
  });

  test.each([
    ['it hangs up', (write: (text: string) => void) => write('')],
    ['it does not speak HTTP', (write: (text: string) => void) => write('SSH-2.0-OpenSSH\r\n')],
    [
      'it floods headers',
      (write: (text: string) => void) => write(`HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyyyyyy\r\n'.repeat(9000)}\r\n`),
    ],
  ])('%s', async (_name, misbehave) => {
    await using bench = new Bench();
    const port = await bench.listen(
      createServer((socket) => socket.once('data', () => misbehave((text) => socket.end(text)))),
    );
    const { send, gateway } = await gatewayTo(bench, { baseUrl: `http://127.0.0.1:${port}`, headers: {} });
    expect((await send()).status).toBe(502);
    expect(gateway.failure?.code).toBe('model_unreachable');
  });

  test('it repeats the key: in an error, in headers, in pieces', async () => {
    await using bench = new Bench();
    const key = 'sk-ant-canary-0123456789';
    const { baseUrl } = await api(bench, async (incoming, answer) => {
      await bodyOf(incoming);
      answer.writeHead(401, `no ${key}`, { 'content-type': 'text/plain', 'x-key': key });
      for (const piece of [`invalid x-api-key: ${key.slice(0, 9)}`, key.slice(9), ' and sk-a', '.']) {
        answer.write(piece);
        await setImmediate();
      }
      answer.end();
    });
    for (const headers of [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }, { 'x-corp-auth': key }]) {
      const { send, gateway } = await gatewayTo(bench, { baseUrl, headers: headers as Record<string, string> });
      const { status, body, headers: answered } = await send();
      const stars = '*'.repeat(key.length);
      expect([status, body, answered['x-key']]).toEqual([401, `invalid x-api-key: ${stars} and sk-a.`, stars]);
      expect(JSON.stringify([gateway.failure ?? null, answered])).not.toContain('canary');
    }
    expect(JSON.stringify(await bench.recorded(3))).not.toContain('canary');
  });

  test.each([301, 302, 303, 307, 308])(
    'it redirects by %i: nothing is sent after it, and nobody inside learns where to',
    async (status) => {
      await using bench = new Bench();
      let asked = 0;
      const elsewhere = await api(bench, (_call, answer) => {
        asked += 1;
        answer.end();
      });
      const upstream = await api(bench, (_call, answer) =>
        answer.writeHead(status, { location: `${elsewhere.baseUrl}/v1/messages` }).end('over there'),
      );
      const { send, gateway } = await gatewayTo(bench, upstream);
      const { status: seen, body, headers } = await send();
      expect([seen, headers.location, asked]).toEqual([502, undefined, 0]);
      expect(body).not.toContain(elsewhere.baseUrl);
      expect(gateway.failure).toMatchObject({ code: 'model_unreachable', error: expect.stringContaining('redirect') });
      expect(await bench.recorded(1)).toMatchObject([{ status, reason: 'redirect' }]);
    },
  );

  test('an answer of many megabytes comes through, at the pace of who reads it', async () => {
    await using bench = new Bench();
    const large = Buffer.alloc(24 * 1024 * 1024, 'a');
    const upstream = await api(bench, (_call, answer) =>
      answer.setHeader('content-type', 'application/json').end(large),
    );
    const { send } = await gatewayTo(bench, upstream);
    expect((await send()).body.length).toBe(large.length);
  });
});

test('a body that is too large is refused, one as large as allowed passes', async () => {
  await using bench = new Bench();
  const upstream = await api(bench, async (incoming, answer) => {
    await bodyOf(incoming);
    answered(incoming, answer);
  });
  const { send } = await gatewayTo(bench, upstream, { options: { maxBodyBytes: 1024 * 1024 } });
  expect((await send(Buffer.alloc(1024 * 1024, ' '))).status).toBe(200);
  expect((await send(Buffer.alloc(1024 * 1024 + 1, ' '))).status).toBe(403);
  expect((await send()).status).toBe(200);
});

describe('a client that misbehaves', () => {
  test.each([
    [
      'a flood of headers',
      `POST /v1/messages HTTP/1.1\r\nhost: x\r\n${'x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(4000)}`,
      431,
    ],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['two lengths', 'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nabc', 400],
    [
      'length and chunks',
      'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'another host in the request line',
      'POST http://127.0.0.1:1/v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
      403,
    ],
  ])('%s', async (_name, text, status) => {
    await using bench = new Bench();
    let asked = 0;
    const upstream = await api(bench, (_call, answer) => {
      asked += 1;
      answer.end();
    });
    const { socketPath, send } = await gatewayTo(bench, upstream);
    const socket = connect(socketPath);
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => undefined).write(text);
    await new Promise((resolve) => socket.once('close', resolve));
    // A connection that is closed before all was read may be reset instead.
    expect(answer === '' ? 431 : Number(answer.split(' ')[1])).toBe(status);
    expect(asked).toBe(0);
    expect((await send()).status).toBe(200);
  });

  test('connections that say nothing are few, and end', async () => {
    await using bench = new Bench();
    const { socketPath, send } = await gatewayTo(bench, await api(bench, answered), { options: { headersMs: 200 } });
    const sockets = Array.from({ length: 100 }, () => connect(socketPath).on('error', () => undefined));
    for (const socket of sockets) socket.write('POST /v1/messages HTTP/1.1\r\nhost: x\r\n');
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.resume().once('close', resolve))));
    expect((await send()).status).toBe(200);
  });
});
