import { describe, expect, test } from 'vitest';
import { createAttempts } from '../src/attempts.ts';
import { type Fault, script, startScriptedModel } from '../src/index.ts';
import { errorOf, eventsOf, eventsUntilCut, post, textDeltas } from './api-client.ts';

const stream = { stream: true };
const faulty = (...faults: Fault[]) => script({ text: 'one two three', faults });

describe('faults', () => {
  test('come in order, as often as they say, and then the step', async () => {
    await using model = await startScriptedModel();
    const prompt = faulty(
      { status: 529, times: 2 },
      { status: 429, retryAfterSec: 0, shouldRetry: false, message: 'slow' },
    );
    expect(await errorOf(await post(model.url, prompt))).toMatchObject({ status: 529, type: 'overloaded_error' });
    expect(await errorOf(await post(model.url, prompt))).toMatchObject({ status: 529 });
    const limited = await post(model.url, prompt);
    expect(Object.fromEntries(limited.headers)).toMatchObject({ 'retry-after': '0', 'x-should-retry': 'false' });
    expect(await errorOf(limited)).toEqual({ status: 429, type: 'rate_limit_error', message: 'slow' });
    expect((await post(model.url, prompt)).status).toBe(200);
  });

  test('are counted for each session and each prompt', async () => {
    await using model = await startScriptedModel();
    const prompt = faulty({ status: 500 });
    const call = (session: string, text = prompt) => post(model.url, text, {}, { 'x-claude-code-session-id': session });
    const statuses = [
      await call('a'),
      await call('b'),
      await call('a', `${prompt} again`),
      await call('a'),
      await call('b'),
    ];
    expect(statuses.map((response) => response.status)).toEqual([500, 500, 500, 200, 200]);
  });

  test('may last for ever', async () => {
    await using model = await startScriptedModel();
    for (let n = 0; n < 4; n += 1) {
      expect((await post(model.url, faulty({ status: 401, times: 'always' }))).status).toBe(401);
    }
  });

  test('cut the stream after some deltas', async () => {
    await using model = await startScriptedModel();
    const prompt = faulty({ cut: 2 });
    const { events, cut } = await eventsUntilCut(await post(model.url, prompt, stream));
    expect(cut).toBe(true);
    expect(textDeltas(events)).toEqual(['one ', 'two ']);
    expect(textDeltas(await eventsOf(await post(model.url, prompt, stream)))).toEqual(['one ', 'two ', 'three']);
  });

  test('cut the connection before the headers', async () => {
    await using model = await startScriptedModel();
    await expect(post(model.url, faulty({ cut: 'headers' }), stream)).rejects.toThrow();
    await expect(post(model.url, faulty({ cut: 2 }))).rejects.toThrow();
  });

  test('send an error event', async () => {
    await using model = await startScriptedModel();
    const events = await eventsOf(await post(model.url, faulty({ error: 1, type: 'api_error' }), stream));
    expect(textDeltas(events)).toEqual(['one ']);
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    expect((await post(model.url, script({ text: 'x', faults: [{ error: 1 }] }))).status).toBe(529);
  });

  test('hang until the client leaves', async () => {
    await using model = await startScriptedModel();
    const prompt = faulty({ hang: 1 }, { hang: 'headers' });
    const response = await post(model.url, prompt, stream);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('one ')) seen += (await reader?.read())?.value ?? '';
    expect(seen).not.toContain('two');
    await reader?.cancel();
    const leaving = new AbortController();
    const silent = fetch(`${model.url}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ messages: [{ role: 'user', content: prompt }] }),
      signal: leaving.signal,
    });
    await fetch(`${model.url}/health`);
    leaving.abort();
    await expect(silent).rejects.toThrow('aborted');
  });

  test('do not keep the server from closing', async () => {
    const model = await startScriptedModel();
    const response = await post(model.url, faulty({ hang: 1 }), stream);
    const rest = eventsUntilCut(response);
    await model[Symbol.asyncDispose]();
    expect(await rest).toMatchObject({ cut: true });
  });
});

test('attempts forget the keys that were not seen for longest', () => {
  const attempts = createAttempts(2);
  const counts = ['a', 'a', 'b', 'a', 'c', 'a', 'b'].map((key) => attempts.next([key]));
  expect(counts).toEqual([0, 1, 0, 2, 0, 3, 0]);
});
