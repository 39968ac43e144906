/** Options of messages and credentials of sessions: each one reaches the agent. On every path: options-on-every-path.test.ts. */
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { asked } from './requests.ts';
import { messagesOf, say } from './streams.ts';

const env = { ASH_CREDENTIAL_KEY: 'key-of-the-tests' };
const use = useAsh({ env });

const sonnet = 'claude-sonnet-4-5';
const opus = 'claude-opus-4-6';
const haiku = 'claude-haiku-4-5';

describe('of a message', () => {
  test('model and effort are switched on the live runtime, and back', async () => {
    const { ash } = use;
    const { id } = await ash.client.createSession('agent', { model: sonnet });
    expect((await asked(ash, id, 'one')).body.model).toBe(sonnet);
    const runtime = ash.runtimePid(id);
    const switched = await asked(ash, id, 'two', { model: opus, effort: 'low' });
    expect(switched.body).toMatchObject({ model: opus, output_config: { effort: 'low' } });
    expect((await asked(ash, id, 'three', { model: opus, effort: 'max' })).body.output_config?.effort).toBe('max');
    expect((await asked(ash, id, 'four', { model: haiku, effort: 'max' })).body.model).toBe(haiku);
    expect(ash.runtimePid(id)).toBe(runtime);
    expect((await asked(ash, id, 'five')).body).toMatchObject({ model: sonnet });
    expect((await asked(ash, id, 'six', { model: opus })).body.output_config?.effort).toBe('high');
  });

  test("model goes back to that of the agent's own settings", async () => {
    const { ash } = use;
    const settings = JSON.stringify({ model: opus });
    const files = { 'CLAUDE.md': '# Own model\n', '.claude/settings.json': settings };
    await ash.client.deployAgent('own-model', await ash.agentFolder('own-model', files));
    const { id } = await ash.client.createSession('own-model');
    expect((await asked(ash, id, 'one', { model: haiku })).body.model).toBe(haiku);
    const runtime = ash.runtimePid(id);
    expect((await asked(ash, id, 'two')).body.model).toBe(opus);
    expect(ash.runtimePid(id)).toBe(runtime);
  });

  test('thinking', async () => {
    const { ash } = use;
    const { id } = await ash.client.createSession('agent', { model: sonnet });
    const enabled = await asked(ash, id, 'one', { thinking: { type: 'enabled', budgetTokens: 3000 } });
    expect(enabled.body.thinking).toMatchObject({ type: 'enabled', budget_tokens: 3000 });
    expect((await asked(ash, id, 'two', { thinking: { type: 'disabled' } })).body.thinking?.type).toBe('disabled');
    expect((await asked(ash, id, 'three')).body.thinking).toMatchObject({ budget_tokens: 31_999 });
  });

  test('outputFormat', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] };
    const { turn, tools } = await asked(ash, id, 'Your name?', { outputFormat: { type: 'json_schema', schema } });
    expect(tools).toContain('StructuredOutput');
    const result = messagesOf(turn.events).find(({ type }) => type === 'result');
    expect(result.structured_output).toEqual({ name: expect.any(String) });
    expect((await asked(ash, id, 'And now?')).tools).not.toContain('StructuredOutput');
  });

  test('maxTurns and maxBudgetUsd end the turn', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const tool = { tools: [{ name: 'Bash', input: { command: 'true' } }] };
    const turns = await say(ash, id, script(tool, tool, 'end'), { maxTurns: 1 });
    expect(turns).toMatchObject({ status: 'failed' });
    expect(messagesOf(turns.events).at(-1)?.subtype).toBe('error_max_turns');
    const budget = await say(ash, id, script(tool, tool, 'end'), { maxBudgetUsd: 0.000001 });
    expect(messagesOf(budget.events).at(-1)?.subtype).toBe('error_max_budget_usd');
    expect(await say(ash, id, script(tool, tool, 'end'))).toMatchObject({ status: 'completed', text: 'end' });
  });
});

describe('of a session', () => {
  test('a credential is the key of its model calls, and of no other session', async () => {
    const { ash } = use;
    const made = await ash.call('POST', '/api/credentials', { body: { type: 'anthropic', key: 'key-of-the-tenant' } });
    const { credential } = (await made.json()) as { credential: { id: string } };
    const { id } = await ash.client.createSession('agent', { credentialId: credential.id });
    const { turn, request } = await asked(ash, id, 'Run env');
    expect(request.headers['x-api-key']).toBe('key-of-the-tenant');
    expect(JSON.stringify(turn.events)).not.toContain('key-of-the-tenant');
    const other = await ash.session();
    expect((await asked(ash, other.id, 'Hello')).request.headers['x-api-key']).toBe('key-of-the-model');

    await ash.kill();
    await ash.start();
    expect((await asked(ash, id, 'Hello')).request.headers['x-api-key']).toBe('key-of-the-tenant');
  });

  test('a credential of another kind is a variable in the sandbox', async () => {
    const { ash } = use;
    const made = await ash.call('POST', '/api/credentials', { body: { type: 'openai', key: 'sk-openai' } });
    const { credential } = (await made.json()) as { credential: { id: string } };
    const { id } = await ash.client.createSession('agent', { credentialId: credential.id });
    const { turn } = await asked(ash, id, 'Run echo "it is $OPENAI_API_KEY"');
    expect(turn.text).toContain('it is sk-openai');
  });

  test.each([
    [{ credentialId: 'there-is-none' }, 'credential_invalid'],
    [{ extraEnv: { 'A B': 'x' } }, 'validation_failed'],
    [{ extraEnv: { ANTHROPIC_API_KEY: 'two words' } }, 'session_config_invalid'],
    [{ mcpServers: { x: {} } }, 'validation_failed'],
    [{ mcpServers: { x: { url: 'file:///etc/passwd' } } }, 'validation_failed'],
    [{ mcpServers: { x: { url: 'http://a/', command: 'b' } } }, 'validation_failed'],
  ])('%j is refused', async (options, code) => {
    const answer = await use.ash.call('POST', '/api/sessions', { body: { agent: 'agent', ...options } });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code });
  });
});
