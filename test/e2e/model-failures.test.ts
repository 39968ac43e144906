/** A model API that fails, is away or lies: the turn ends with a code, the stream with one `done`, and the session goes on. */
import { type Fault, script } from '@ash-ai/scripted-model';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Ash, useAsh } from './harness.ts';
import { deltasOf, messagesOf, Reader, say, textOf, turnOf } from './streams.ts';

const use = useAsh({ env: { ASH_MODEL_RETRIES: '1' } });

/** One session goes through it all: whatever happened before, it remembers what it was told at first. */
let id = '';
beforeAll(async () => {
  ({ id } = await use.ash.session());
  expect((await say(use.ash, id, 'My name is Alice.')).status).toBe('completed');
});

async function expectGoesOn(ash: Ash, sessionId = id): Promise<void> {
  expect(await say(ash, sessionId, 'What is my name?')).toMatchObject({
    status: 'completed',
    text: 'Your name is Alice.',
  });
}

describe('a model that always answers', () => {
  test.each([
    [401, 'model_unauthorized'],
    [403, 'model_unauthorized'],
    [429, 'model_rate_limited'],
    [500, 'model_failed'],
    [529, 'model_overloaded'],
  ] as const)('%d: the turn fails as %s', async (status, code) => {
    const { ash } = use;
    const turn = await say(ash, id, script({ text: 'never said', faults: [{ status, times: 'always' }] }));
    expect(turn).toMatchObject({ status: 'failed', error: { code } });
    expect(messagesOf(turn.events).at(-1)).toMatchObject({ type: 'result', is_error: true });
    const stored = ash.rows<{ status: string; code: string }>(
      'select status, error_code as code from turns where id = ?',
      turn.turnId,
    );
    expect(stored).toEqual([{ status: 'failed', code }]);
    await expectGoesOn(ash);
  });

  test('a refused key is not tried again', async () => {
    const { ash } = use;
    const prompt = script({ text: 'refused once', faults: [{ status: 401, times: 'always' }] });
    expect(await say(ash, id, prompt)).toMatchObject({ status: 'failed' });
    expect(ash.gate.of('refused once')).toHaveLength(1);
  });
});

describe('a stream that is cut', () => {
  test.each([
    ['in its middle', { cut: 4 }],
    ['before it begins', { cut: 'headers' }],
    ['by an error event', { error: 3 }],
  ] as [string, Fault][])('%s, once: the turn gets over it', async (_name, fault) => {
    const { ash } = use;
    const text = 'This was worth a second attempt.';
    const reader = await Reader.send(ash, id, script({ text, chunk: 3, faults: [fault] }), {
      includePartialMessages: true,
    });
    const turn = await reader.turn();
    expect(turn).toMatchObject({ status: 'completed', text, error: undefined });
    expect(textOf(turn.events)).toBe(text);
    await expectGoesOn(ash);
  });

  test('every time: the turn fails', async () => {
    const { ash } = use;
    const content = script({ text: 'never to be said in full', chunk: 3, faults: [{ cut: 4, times: 'always' }] });
    const turn = await say(ash, id, content, { includePartialMessages: true });
    expect(turn).toMatchObject({
      status: 'failed',
      error: { code: expect.stringMatching(/^model_(failed|unreachable)$/) },
    });
    expect(deltasOf(turn.events)).toContain('never');
    await expectGoesOn(ash);
  });
});

describe('a model API', () => {
  test('that is not there: the turn fails as model_unreachable, also for sessions that a server adopts', async () => {
    const { ash } = use;
    await ash.stop();
    // A port below 1024 that nothing of ours listens on refuses the connection.
    await ash.start({ ASH_MODEL_RETRIES: '0', ANTHROPIC_BASE_URL: 'http://127.0.0.1:9' });
    for (const sessionId of [id, (await ash.session()).id]) {
      const turn = await say(ash, sessionId, 'Anybody there?');
      expect(turn).toMatchObject({ status: 'failed', error: { code: 'model_unreachable' } });
    }
    await ash.stop();
    // The bridge lives on, and gets the address of the next server.
    await ash.start({ ASH_MODEL_RETRIES: '1' });
    await expectGoesOn(ash);
  });

  test('that does not know the host', async () => {
    const { ash } = use;
    await ash.stop();
    await ash.start({ ASH_MODEL_RETRIES: '0', ANTHROPIC_BASE_URL: 'http://nowhere.invalid' });
    expect(await say(ash, id, 'Anybody there?')).toMatchObject({
      status: 'failed',
      error: { code: 'model_unreachable' },
    });
    await ash.stop();
    await ash.start({ ASH_MODEL_RETRIES: '1' });
    await expectGoesOn(ash);
  });
});

test('an agent runtime that is not installed', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ CLAUDE_CODE_EXECUTABLE: '/nonexistent/claude' });
  const fresh = (await ash.session()).id;
  for (const sessionId of [id, fresh]) {
    const turn = await say(ash, sessionId, 'Hello!');
    expect(turn).toMatchObject({ status: 'failed', text: '', error: { code: 'runtime_missing' } });
    expect(turn.error?.error).toContain('/nonexistent/claude');
  }
  await ash.stop();
  await ash.start({ ASH_MODEL_RETRIES: '1' });
  expect(await say(ash, fresh, 'My name is Bob.')).toMatchObject({ text: 'Nice to meet you, Bob.' });
  await expectGoesOn(ash);
});

test('a program that is no agent runtime', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ CLAUDE_CODE_EXECUTABLE: '/usr/bin/false' });
  expect(await say(ash, id, 'Hello!')).toMatchObject({ status: 'failed', text: '', error: { code: 'runtime_failed' } });
  await ash.stop();
  await ash.start({ ASH_MODEL_RETRIES: '1' });
  await expectGoesOn(ash);
});

test('the limit of model calls in one turn', async () => {
  const { ash } = use;
  const tool = (word: string) => ({ tools: [{ name: 'Bash', input: { command: `echo ${word}` } }] });
  const turn = turnOf((await say(ash, id, script(tool('one'), tool('two'), 'never said'), { maxTurns: 1 })).events);
  // The runtime reports it itself: there is a result and no error event.
  expect(turn).toMatchObject({ status: 'failed', error: undefined });
  expect(messagesOf(turn.events).at(-1)).toMatchObject({ type: 'result', subtype: 'error_max_turns' });
  await expectGoesOn(ash);
});
