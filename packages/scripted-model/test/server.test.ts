import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOfStream } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { type ModelRequest, script, startScriptedModel } from '../src/index.ts';
import { errorOf, eventsOf, post, textDeltas } from './api-client.ts';

const stream = { stream: true };

describe('POST /v1/messages', () => {
  test('streams the events of the API', async () => {
    await using model = await startScriptedModel();
    const prompt = script({ thinking: 'Hm.', text: 'Hello you', tools: [{ name: 'Bash', input: { command: 'pwd' } }] });
    const events = await eventsOf(await post(model.url, prompt, stream));
    expect(events.map((event) => event.type)).toEqual([
      'message_start',
      'ping',
      ...['content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop'],
      ...['content_block_start', 'content_block_delta', 'content_block_delta', 'content_block_stop'],
      ...['content_block_start', 'content_block_delta', 'content_block_stop'],
      'message_delta',
      'message_stop',
    ]);
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } });
    expect(events.find((event) => event.type === 'message_start')).toMatchObject({ message: { model: 'claude-test' } });
  });

  test('answers whole when not streamed', async () => {
    await using model = await startScriptedModel();
    const body = await (await post(model.url, script({ text: 'ab ', repeat: 2 }))).json();
    expect(body).toMatchObject({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'text', text: 'ab ab ' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
    });
  });

  test.each([
    [{ text: 'ab cd ef' }, ['ab ', 'cd ', 'ef']],
    [{ text: 'abcdefg', deltas: 3 }, ['ab', 'cd', 'efg']],
    [{ text: 'a😀bcd', chunk: 2 }, ['a😀', 'bc', 'd']],
    [{ text: 'ab', deltas: 9, delayMs: 1, waitMs: 1 }, ['a', 'b']],
  ])('cuts %j into deltas', async (step, deltas) => {
    await using model = await startScriptedModel();
    expect(textDeltas(await eventsOf(await post(model.url, script(step), stream)))).toEqual(deltas);
  });

  test('plays the next step after a tool result, and fills in what it says', async () => {
    await using model = await startScriptedModel();
    const messages = [
      { role: 'user', content: script({ tools: [{ name: 'Bash' }] }, '{{cwd}} has {{result}}') },
      { role: 'assistant', content: [{ type: 'tool_use', id: '1', name: 'Bash', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: 'a.txt' }] },
    ];
    const system = 'Working directory: /w';
    expect(await (await post(model.url, messages, { system })).json()).toMatchObject({
      content: [{ text: '/w has a.txt' }],
    });
    const over = [...messages, { role: 'assistant', content: 'x' }, { role: 'user', content: [] }];
    expect(await (await post(model.url, over)).json()).toMatchObject({ content: [{ text: 'Done.' }] });
  });

  test('estimates tokens', async () => {
    await using model = await startScriptedModel();
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(4000) }] });
    const response = await fetch(`${model.url}/v1/messages/count_tokens`, { method: 'POST', body });
    expect(await response.json()).toEqual({ input_tokens: Math.ceil(body.length / 4) });
  });
});

describe('the server', () => {
  test('lets in only the right key, and shows every request', async () => {
    const seen: ModelRequest[] = [];
    await using model = await startScriptedModel({
      apiKey: 'real',
      onRequest: (got) => {
        seen.push(got);
      },
    });
    const refused = await errorOf(await post(model.url, 'Hello', {}, { 'x-api-key': 'dummy' }));
    expect(refused).toMatchObject({ status: 401, type: 'authentication_error' });
    expect((await post(model.url, 'Hello')).status).toBe(401);
    expect((await post(model.url, 'Hello', {}, { 'x-api-key': 'real' })).status).toBe(200);
    expect((await post(model.url, 'Hello', {}, { authorization: 'Bearer real' })).status).toBe(200);
    expect(seen.map(({ headers }) => headers['x-api-key'])).toEqual(['dummy', undefined, 'real', undefined]);
    expect(seen[0]).toMatchObject({ path: '/v1/messages?beta=true', body: { messages: [{ content: 'Hello' }] } });
  });

  test.each([
    ['GET', '/v1/messages', undefined, 404, 'not_found_error'],
    ['POST', '/v1/other', '{}', 404, 'not_found_error'],
    ['POST', '/v1/messages', 'nonsense', 400, 'invalid_request_error'],
    ['POST', '/v1/messages', '[]', 400, 'invalid_request_error'],
    ['POST', '/v1/messages', '{}', 400, 'invalid_request_error'],
    [
      'POST',
      '/v1/messages',
      JSON.stringify({ messages: [{ role: 'user', content: '<script>[' }] }),
      400,
      'invalid_request_error',
    ],
    ['POST', '/v1/messages', ' '.repeat(200_000), 413, 'request_too_large'],
  ])('answers %s %s %.20s with %d', async (method, path, body, status, type) => {
    await using model = await startScriptedModel({ maxBodyBytes: 100_000 });
    expect(await errorOf(await fetch(model.url + path, { method, body: body ?? null }))).toMatchObject({
      status,
      type,
    });
    expect((await fetch(`${model.url}/health`)).status).toBe(200);
  });

  test('answers malformed HTTP', async () => {
    await using model = await startScriptedModel();
    const socket = connect(model.port, '127.0.0.1');
    socket.end('NONSENSE\r\n\r\n');
    expect(await textOfStream(socket)).toContain('"invalid_request_error"');
  });

  test('turns a failing onRequest into an API error', async () => {
    await using model = await startScriptedModel({ onRequest: () => Promise.reject(new Error('no')) });
    expect(await errorOf(await post(model.url, 'Hello'))).toMatchObject({ status: 400 });
  });

  test('listens on a unix socket too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scripted-model-'));
    const socketPath = join(folder, 'model.sock');
    {
      await using _model = await startScriptedModel({ socketPath });
      const call = request({ socketPath, path: '/health' }).end();
      const [response] = await once(call, 'response');
      expect(await textOfStream(response)).toBe('{"status":"ok"}');
    }
    await rm(folder, { recursive: true });
  });

  test('reports a port that is taken', async () => {
    await using model = await startScriptedModel();
    await expect(startScriptedModel({ port: model.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
