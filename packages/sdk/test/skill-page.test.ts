/** The examples of the skill page, as written there. */
import { expect, test, vi } from 'vitest';
import { AshClient, extractStreamDelta, extractTextFromEvent } from '../src/index.ts';
import { streamFrom } from './recorded.ts';
import { answerJson, beginSse, startServer } from './server.ts';

test('create a session, send a message, stream the answer, end', async () => {
  await using server = await startServer((response, asked) =>
    asked.url.endsWith('/messages')
      ? void beginSse(response).end(streamFrom(undefined))
      : answerJson(response, asked.method === 'POST' ? 201 : 200, { session: { id: 'a1b2c3d4', status: 'active' } }),
  );
  const printed: unknown[] = [];
  using _log = vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(...args));

  const client = new AshClient({ serverUrl: server.url, apiKey: 'your-api-key' });
  const session = await client.createSession('my-agent');
  console.log(session.status);
  for await (const event of client.sendMessageStream(session.id, 'Hello!')) {
    if (event.type === 'message') {
      const text = extractTextFromEvent(event.data);
      if (text) console.log(text);
    } else if (event.type === 'error') {
      console.error('Error:', event.data.error);
    } else if (event.type === 'done') {
      console.log('Turn complete.');
    }
  }
  let deltas = '';
  for await (const event of client.sendMessageStream(session.id, 'Write a haiku.', { includePartialMessages: true })) {
    if (event.type === 'message') {
      const delta = extractStreamDelta(event.data);
      if (delta) deltas += delta;
    }
  }
  await client.endSession(session.id);

  expect(printed).toEqual(['active', 'Grüß dich, 👋!', 'Turn complete.']);
  expect(deltas).toBe('Grüß dich, 👋!');
});
