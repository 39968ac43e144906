/** Options of sessions and messages: each one reaches the agent, on every path, and none that is secret comes back. */
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
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

const server = (name: string) => `import sys, json
for line in sys.stdin:
    call = json.loads(line)
    if call.get('method') == 'initialize':
        result = {'protocolVersion': call['params']['protocolVersion'], 'capabilities': {'tools': {}},
                  'serverInfo': {'name': 'test', 'version': '1'}}
    elif call.get('method') == 'tools/list':
        result = {'tools': [{'name': 'who', 'description': 'who?', 'inputSchema': {'type': 'object', 'properties': {}}}]}
    elif call.get('method') == 'tools/call':
        import os
        result = {'content': [{'type': 'text', 'text': '${name} ' + os.environ.get('WHO', '')}]}
    else:
        continue
    print(json.dumps({'jsonrpc': '2.0', 'id': call['id'], 'result': result}), flush=True)
`;

const ways: Record<string, (id: string) => Promise<void>> = {
  cold: async () => undefined,
  'again in the same runtime': async (id) => {
    await say(use.ash, id, 'Hello');
  },
  'after pause and resume': async (id) => {
    await say(use.ash, id, 'Hello');
    await use.ash.client.pauseSession(id);
    expect(processesOf(`${use.ash.dataDir}/sandboxes/${id}`)).toEqual([]);
    await use.ash.client.resumeSession(id);
  },
  'after another start for options': async (id) => {
    await say(use.ash, id, 'Hello', { thinking: { type: 'disabled' } });
  },
  'after a restart of the server': async (id) => {
    await say(use.ash, id, 'Hello');
    await use.ash.kill();
    await use.ash.start();
  },
  'after a restart of the server, asleep': async (id) => {
    await say(use.ash, id, 'Hello');
    await use.ash.stop('SIGINT');
    await use.ash.start();
  },
};

const waited = 'in a sandbox that waited for whoever comes';

describe('of a session', () => {
  test.each([...Object.keys(ways), waited])('hold %s', async (way) => {
    const { ash } = use;
    if (way === waited) {
      await ash.stop('SIGINT');
      await ash.start({ ...env, ASH_SPARES: '1' });
    }
    const files = {
      'CLAUDE.md': '# Says who it is\n',
      'agent.py': server('the agent'),
      'session.py': server('the session'),
      '.mcp.json': JSON.stringify({
        mcpServers: {
          same: { command: 'python3', args: ['agent.py'] },
          other: { command: 'python3', args: ['agent.py'] },
        },
      }),
    };
    await ash.client.deployAgent('who', await ash.agentFolder('who', files));
    if (way === waited) await until(async () => (await ash.client.health()).pool.warm === 2);
    const session = await ash.client.createSession('who', {
      model: sonnet,
      systemPrompt: '# You are the sealed one\n',
      mcpServers: { same: { command: 'python3', args: ['session.py'], env: { WHO: 'secret-of-mcp' } } },
      extraEnv: {
        MY_SECRET: 'secret-of-env',
        ASH_SESSION_ID: 'not-mine',
        ANTHROPIC_API_KEY: 'key-of-the-caller',
        HOME: '/nowhere',
      },
      disallowedTools: ['Edit'],
      betas: ['context-1m-2025-08-07'],
      subagents: { helper: { description: 'Helps', prompt: 'Help.' } },
    });
    const { id } = session;
    expect(JSON.stringify(session)).not.toContain('secret-of');
    await ways[way]?.(id);

    const tools = [
      { name: 'Bash', input: { command: 'echo "$MY_SECRET $ASH_SESSION_ID $ANTHROPIC_API_KEY $HOME"' } },
      { name: 'mcp__same__who', input: {} },
      { name: 'mcp__other__who', input: {} },
    ];
    const prompt = script({ tools: tools.slice(0, 1) }, { tools: tools.slice(1, 2) }, { tools: tools.slice(2) }, 'end');
    const { turn, request, body, tools: offered } = await asked(ash, id, prompt);
    const results = messagesOf(turn.events).flatMap(({ type, message }) =>
      type === 'user' ? message.content.map((block: { content: unknown }) => JSON.stringify(block.content)) : [],
    );
    expect(results[0]).toMatch(new RegExp(`secret-of-env ${id} set-by-the-gateway /home/agent`));
    expect(results[1]).toContain('the session secret-of-mcp');
    expect(results[2]).toContain('the agent ');
    expect(offered).not.toContain('Edit');
    expect(request.headers['x-api-key']).toBe('key-of-the-caller');
    expect(String(request.headers['anthropic-beta'])).toContain('context-1m-2025-08-07');
    expect(JSON.stringify(body)).toContain('You are the sealed one');
    expect(JSON.stringify(body)).toContain('helper');

    const events = await ash.client.listSessionEvents(id, { type: 'mcp_status' });
    expect(events.map(({ data }) => JSON.parse(data ?? ''))).toEqual([
      { action: 'configured', servers: [{ name: 'same', transport: 'stdio', command: 'python3' }] },
    ]);
    const rows = ash.rows<{ text: string }>(
      'select settings || sealed || coalesce(config, ?) as text from sessions',
      '',
    );
    expect(JSON.stringify(rows)).not.toMatch(/secret-of|key-of-the-caller/);
    expect(JSON.stringify(await ash.client.getSession(id))).not.toMatch(/secret-of|key-of-the-caller/);
    await ash.client.endSession(id);
    if (way === waited) {
      expect((await ash.client.health()).pool.preWarmHits).toBe(1);
      await ash.stop('SIGINT');
      await ash.start(env);
    }
  });

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
