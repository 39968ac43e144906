/** What a session is made with reaches its agent on every path to a sandbox, and none of it that is secret comes back. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { beforeAll, expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { messagesOf, Reader, say, type Turn } from './streams.ts';

const env = { ASH_CREDENTIAL_KEY: 'key-of-the-tests' };
const use = useAsh({ env });
const sonnet = 'claude-sonnet-4-5';

/** An MCP server that says its name and a variable of its own. */
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

/** Ways to a sandbox: what is done with a session before it is asked, and the session that is asked then. */
type Path = (id: string) => Promise<string>;

const hello: Path = async (id) => {
  await say(use.ash, id, 'Hello');
  return id;
};
const asleep: Path = async (id) => {
  await hello(id);
  await use.ash.client.pauseSession(id);
  expect(processesOf(`${use.ash.dataDir}/sandboxes/${id}`)).toEqual([]);
  return id;
};
const forked: Path = async (id) => {
  const child = await use.ash.client.forkSession(id);
  await use.ash.client.resumeSession(child.id);
  return child.id;
};
const restarted: Path = async (id) => {
  await use.ash.kill();
  await use.ash.start();
  return id;
};
const stoppedAndStarted: Path = async (id) => {
  await use.ash.stop('SIGINT');
  await use.ash.start();
  return id;
};

const paths: Record<string, Path> = {
  'in a new sandbox': async (id) => id,
  'again in the same runtime': hello,
  'after another start for options': async (id) => {
    await say(use.ash, id, 'Hello', { thinking: { type: 'disabled' } });
    return id;
  },
  'after its runtime was killed': async (id) => {
    await hello(id);
    process.kill(use.ash.runtimePid(id), 'SIGKILL');
    await until(() => processesOf(`${use.ash.dataDir}/sandboxes/${id}`).length === 0);
    return id;
  },
  'slept and woken': async (id) => {
    await asleep(id);
    await use.ash.client.resumeSession(id);
    return id;
  },
  'after a restart of the server, awake': async (id) => await restarted(await hello(id)),
  'after a restart of the server, asleep': async (id) => await stoppedAndStarted(await hello(id)),
  'from its snapshot': async (id) => {
    await hello(id);
    await use.ash.stop('SIGINT');
    await rm(join(use.ash.dataDir, 'sandboxes', id), { recursive: true });
    await use.ash.start();
    return id;
  },
  'in a fork of one that is awake': async (id) => await forked(await hello(id)),
  'in a fork of one that sleeps': async (id) => await forked(await asleep(id)),
  'in a fork, after a restart of the server': async (id) => await restarted(await forked(await hello(id))),
  'in a fork of a fork that never ran': async (id) => await forked(await forked(id)),
};
const waited = 'in a sandbox that waited for whoever comes';

interface Asked {
  turn: Turn;
  /** The model's first request. */
  request: { headers: Record<string, unknown>; text: string };
  /** Tools that leave was asked for. */
  askedFor: string[];
  results: string[];
}

/** A turn whose every approval is allowed. */
async function asked(id: string, prompt: string): Promise<Asked> {
  const { ash } = use;
  const before = ash.gate.requests.length;
  const reader = await Reader.send(ash, id, prompt);
  const askedFor: string[] = [];
  for (;;) {
    const { event, data } = await reader.until(({ event }) => event === 'approval' || event === 'done');
    if (event === 'done') break;
    askedFor.push(data.toolName);
    await ash.client.answerApproval(id, data.approvalId, { decision: 'allow' });
  }
  const turn = await reader.turn();
  expect(turn.error).toBeUndefined();
  const request = ash.gate.requests[before];
  if (request === undefined) throw new Error('the model was not asked');
  const results = messagesOf(turn.events).flatMap(({ type, message }) =>
    type === 'user' ? message.content.map((block: { content: unknown }) => JSON.stringify(block.content)) : [],
  );
  return { turn, request: { headers: request.headers, text: JSON.stringify(request.body) }, askedFor, results };
}

const credentials = { anthropic: '', openai: '' };
beforeAll(async () => {
  const { client } = use.ash;
  credentials.anthropic = (await client.storeCredential('anthropic', 'secret-of-the-tenant')).id;
  credentials.openai = (await client.storeCredential('openai', 'secret-of-openai')).id;
});

test.each([...Object.keys(paths), waited])('%s', async (name) => {
  const { ash } = use;
  if (name === waited) {
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
  if (name === waited) await until(async () => (await ash.client.health()).pool.warm === 2);
  const whole = await ash.client.createSession('who', {
    model: sonnet,
    systemPrompt: '# You are the sealed one\n',
    permissionMode: 'default',
    credentialId: credentials.anthropic,
    mcpServers: { same: { command: 'python3', args: ['session.py'], env: { WHO: 'secret-of-mcp' } } },
    extraEnv: { MY_SECRET: 'secret-of-env', ASH_SESSION_ID: 'not-mine', HOME: '/nowhere' },
    disallowedTools: ['Edit'],
    betas: ['context-1m-2025-08-07'],
    subagents: { helper: { description: 'Helps', prompt: 'Help.' } },
  });
  const path = paths[name] ?? ((id: string) => Promise.resolve(id));
  const id = await path(whole.id);

  const tools = [
    { name: 'Bash', input: { command: 'echo "$MY_SECRET $ASH_SESSION_ID $ANTHROPIC_API_KEY $HOME" | tee seen' } },
    { name: 'mcp__same__who', input: {} },
    { name: 'mcp__other__who', input: {} },
  ];
  const one = await asked(id, script(...tools.map((tool) => ({ tools: [tool] })), 'end'));
  expect(one.askedFor).toEqual(tools.map((tool) => tool.name));
  expect(one.results[0]).toContain(`secret-of-env ${id} set-by-the-gateway /home/agent`);
  expect(one.results[1]).toContain('the session secret-of-mcp');
  expect(one.results[2]).toContain('the agent ');
  expect(one.request.headers['x-api-key']).toBe('secret-of-the-tenant');
  expect(String(one.request.headers['anthropic-beta'])).toContain('context-1m-2025-08-07');
  expect(one.request.text).toContain('You are the sealed one');
  expect(one.request.text).not.toContain('Says who it is');
  expect(one.request.text).toContain('helper');
  expect(JSON.parse(one.request.text)).toMatchObject({ model: sonnet });
  expect(JSON.parse(one.request.text).tools.map((tool: { name: string }) => tool.name)).not.toContain('Edit');

  const events = await ash.client.listSessionEvents(whole.id, { type: 'mcp_status' });
  expect(events.map(({ data }) => JSON.parse(data ?? ''))).toEqual([
    { action: 'configured', servers: [{ name: 'same', transport: 'stdio', command: 'python3' }] },
  ]);
  const rows = ash.rows('select settings, sealed, config from sessions');
  const shown = [whole, rows, await ash.client.getSession(id), await ash.client.listSessions()];
  expect(JSON.stringify(shown)).not.toContain('secret-of');
  await ash.client.endSession(id);
  await ash.client.endSession(whole.id);

  // A key among the variables is the gateway's, a credential of another kind a variable; nobody is asked by default.
  const other = await ash.client.createSession('who', {
    credentialId: credentials.openai,
    extraEnv: { ANTHROPIC_API_KEY: 'secret-of-the-caller', MY_OTHER: 'secret-of-env' },
  });
  const otherId = await path(other.id);
  const command = 'echo "$OPENAI_API_KEY $MY_OTHER $ANTHROPIC_API_KEY"';
  const two = await asked(otherId, script({ tools: [{ name: 'Bash', input: { command } }] }, 'end'));
  expect(two.askedFor).toEqual([]);
  expect(two.results[0]).toContain('secret-of-openai secret-of-env set-by-the-gateway');
  expect(two.request.headers['x-api-key']).toBe('secret-of-the-caller');
  expect(two.request.text).toContain('Says who it is');
  await ash.client.endSession(otherId);
  await ash.client.endSession(other.id);

  if (name === waited) {
    expect((await ash.client.health()).pool.preWarmHits).toBe(2);
    await ash.stop('SIGINT');
    await ash.start(env);
  }
});
