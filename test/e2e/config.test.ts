/** PATCH config, content blocks, and the scripts that set an agent's workspace up. */
import { randomBytes } from 'node:crypto';
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { asked } from './requests.ts';
import { messagesOf, Reader, say, type WireEvent } from './streams.ts';

const use = useAsh();

/** What the runtime says it has, at the beginning of a turn. */
function initOf(events: readonly WireEvent[]): { tools: string[] } {
  return messagesOf(events).find(({ subtype }) => subtype === 'init');
}

describe('a change of config', () => {
  test('holds from the next turn, merges, unsets with null, and is in the log', async () => {
    const { ash } = use;
    const { id } = await ash.client.createSession('agent', { disallowedTools: ['Edit'], initialAgent: 'helper' });
    await ash.client.updateSessionConfig(id, { initialAgent: null, model: 'claude-haiku-4-5' });
    const prompt = script({ tools: [{ name: 'Bash', input: { command: 'true' } }] }, 'end');
    const held = ash.gate.hold(prompt);
    const reader = await Reader.send(ash, id, prompt);
    expect((await held.reached).body.model).toBe('claude-haiku-4-5');
    const changed = await ash.client.updateSessionConfig(id, {
      model: 'claude-opus-4-6',
      allowedTools: [],
      betas: ['b'],
    });
    expect(changed).toMatchObject({
      model: 'claude-opus-4-6',
      config: { disallowedTools: ['Edit'], allowedTools: [], betas: ['b'] },
    });
    held.open();
    expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'end' });
    expect(ash.gate.of(prompt).map(({ body }) => body.model)).toEqual(['claude-haiku-4-5', 'claude-haiku-4-5']);
    const next = await asked(ash, id, 'Hello');
    expect(next.body.model).toBe('claude-opus-4-6');
    expect(next.tools).not.toContain('Edit');
    expect(initOf(next.turn.events).tools).not.toContain('Edit');

    const nulls = { disallowedTools: null, allowedTools: null, betas: null, model: null };
    expect(await ash.client.updateSessionConfig(id, nulls)).toMatchObject({ model: null, config: null });
    // A tool that comes back in the middle of a conversation is callable, though not among the first tools of a request.
    const again = await asked(ash, id, 'Hello again');
    expect(initOf(again.turn.events).tools).toContain('Edit');
    const actions = (await ash.client.listSessionEvents(id, { type: 'lifecycle' })).map(({ data }) =>
      JSON.parse(data ?? ''),
    );
    expect(actions.filter(({ action }) => action === 'configured')).toMatchObject([
      { initialAgent: null, model: 'claude-haiku-4-5' },
      { model: 'claude-opus-4-6', allowedTools: [], betas: ['b'] },
      nulls,
    ]);
  });

  test('is taken in every status', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    await ash.client.endSession(id);
    expect(await ash.client.updateSessionConfig(id, { model: 'm' })).toMatchObject({ status: 'ended', model: 'm' });
    const refused = await ash.call('PATCH', `/api/sessions/${id}/config`, { body: { betas: 'no list' } });
    expect(refused.status).toBe(400);
  });
});

const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } } as const;

describe('content blocks', () => {
  test('reach the model as they are, and are in the log', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const pdf = Buffer.from('%PDF-1.4\n%%EOF\n').toString('base64');
    const document = {
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data: pdf },
      title: 'T',
    } as const;
    const content = [image, document, { type: 'text', text: 'My name is Alice.' }] as const;
    const { body } = await asked(ash, id, [...content] as never);
    const sent = JSON.stringify(body);
    expect(sent).toContain(JSON.stringify(image.source));
    expect(sent).toContain(JSON.stringify(document.source));
    const [message] = await ash.client.listMessages(id);
    expect(JSON.parse(message?.content ?? '')).toEqual({ type: 'user', content });
    await ash.client.pauseSession(id);
    await ash.client.resumeSession(id);
    const later = await asked(ash, id, 'What is my name?');
    expect(later.turn.text).toBe('Your name is Alice.');
    expect(JSON.stringify(later.body)).toContain(pixel);
  });

  test('may be large', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const data = randomBytes(3 * 1024 * 1024).toString('base64');
    const blocks = Array.from({ length: 3 }, () => ({
      type: 'document',
      source: { type: 'base64', media_type: 'application/pdf', data },
    }));
    const turn = await say(ash, id, [...blocks, { type: 'text', text: 'Hello' }]);
    expect(turn.events.at(-1)?.event).toBe('done');
    const [message] = await ash.client.listMessages(id);
    expect(message?.content.length).toBeGreaterThan(3 * data.length);
  });

  test.each([
    ['none', []],
    ['too many', Array.from({ length: 21 }, () => ({ type: 'text', text: 'x' }))],
    ['of an unknown type', [{ type: 'video' }]],
    ['of an unknown media type', [{ ...image, source: { ...image.source, media_type: 'image/tiff' } }]],
    ['without data', [{ ...image, source: { type: 'base64', media_type: 'image/png' } }]],
    ['by address', [{ type: 'image', source: { type: 'url', url: 'http://a/' } }]],
    ['with a NUL', [{ type: 'text', text: 'a\0b' }]],
  ])('are refused: %s', async (_what, content) => {
    const { ash } = use;
    const { id } = await ash.session();
    const answer = await ash.call('POST', `/api/sessions/${id}/messages`, { body: { content } });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'validation_failed' }]);
  });
});

describe('the scripts of an agent', () => {
  test('run once, in order, behind the wall, before the first turn', async () => {
    const { ash } = use;
    const files = {
      'CLAUDE.md': '# Set up\n',
      'install.sh': 'echo "install $(pwd) $(id -un) $WHO" >> log.txt\n',
      'startup.sh': '#!/bin/bash\necho startup >> log.txt\n',
    };
    await ash.client.deployAgent('set-up', await ash.agentFolder('set-up', files));
    const { id } = await ash.client.createSession('set-up', { extraEnv: { WHO: 'me' } });
    const log = 'install /workspace agent me\nstartup';
    expect((await say(ash, id, 'Run cat log.txt')).text).toContain(log);
    await ash.client.pauseSession(id);
    await ash.client.resumeSession(id);
    expect((await say(ash, id, 'Run cat log.txt; wc -l < log.txt')).text).toContain(`${log}\n2`);
  });

  test('that fail fail the start, with the end of what they said', async () => {
    const { ash } = use;
    const files = { 'CLAUDE.md': '# Broken\n', 'install.sh': 'echo first\necho no such package >&2\nexit 3\n' };
    await ash.client.deployAgent('broken', await ash.agentFolder('broken', files));
    const { id } = await ash.client.createSession('broken');
    const turn = await say(ash, id, 'Hello');
    expect(turn).toMatchObject({ status: 'failed', error: { code: 'setup_failed' } });
    expect(turn.error?.error).toContain('install.sh');
    expect(turn.error?.error).toContain('exit code 3');
    expect(turn.error?.error).toContain('first\nno such package');
  });
});
