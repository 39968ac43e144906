/** The MCP server as a program of its own: the official client, real stdio, a real Ash server, the scripted model. */
import { fileURLToPath } from 'node:url';
import { script } from '@ash-ai/scripted-model';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, test } from 'vitest';
import { useAsh } from '../../../test/e2e/harness.ts';

const program = fileURLToPath(new URL('../bin/ash-mcp-server.js', import.meta.url));
const server = useAsh();

interface Assistant extends AsyncDisposable {
  readonly client: Client;
  /** Calls a tool; its one text, and whether it tells of a failure. */
  call(name: string, args?: Record<string, unknown>): Promise<{ text: string; failed: boolean }>;
}

async function connect(env: Record<string, string> = {}): Promise<Assistant> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [program],
      env: { PATH: process.env.PATH ?? '', ASH_SERVER_URL: server.ash.url, ASH_API_KEY: server.ash.key, ...env },
    }),
  );
  return {
    client,
    async call(name, args = {}) {
      const result = await client.callTool({ name, arguments: args });
      expect(result.content).toHaveLength(1);
      const [item] = result.content;
      if (item?.type !== 'text') throw new Error(`not a text: ${JSON.stringify(item)}`);
      return { text: item.text, failed: result.isError === true };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

test('it is called ash and has the tools of the contract', async () => {
  await using assistant = await connect();
  expect(assistant.client.getServerVersion()).toMatchObject({ name: 'ash' });
  const { tools } = await assistant.client.listTools();
  const shapes = tools.map(({ name, inputSchema }) => [
    name,
    Object.keys(inputSchema.properties ?? {}),
    inputSchema.required,
  ]);
  expect(shapes).toEqual([
    ['list_agents', [], undefined],
    ['create_session', ['agent'], ['agent']],
    ['send_message', ['sessionId', 'content'], ['sessionId', 'content']],
    ['list_sessions', ['agent'], undefined],
    ['get_session', ['sessionId'], ['sessionId']],
    ['end_session', ['sessionId'], ['sessionId']],
    ['pause_session', ['sessionId'], ['sessionId']],
    ['resume_session', ['sessionId'], ['sessionId']],
    ['health', [], undefined],
  ]);
  expect(tools.every(({ description }) => description !== undefined && description !== '')).toBe(true);
});

test('a conversation from the list of agents to the end of the session', async () => {
  await using assistant = await connect();
  const json = async (name: string, args?: Record<string, unknown>) => {
    const { text, failed } = await assistant.call(name, args);
    expect(failed, text).toBe(false);
    return JSON.parse(text);
  };
  expect(await json('health')).toMatchObject({ status: 'ok' });
  expect(await json('list_agents')).toMatchObject([{ name: 'agent', version: 1 }]);
  const { id: sessionId } = await json('create_session', { agent: 'agent' });

  expect(await assistant.call('send_message', { sessionId, content: 'My name is Alice.' })).toEqual({
    text: 'Nice to meet you, Alice.',
    failed: false,
  });
  const content = script(
    { text: 'Looking.', tools: [{ name: 'Bash', input: { command: 'echo hi' } }] },
    'It says {{result}}.',
  );
  const { text } = await assistant.call('send_message', { sessionId, content });
  expect(text).toBe('Looking.\n[Tool: Bash]\nIt says hi.');

  expect(await json('list_sessions', { agent: 'agent' })).toMatchObject([{ id: sessionId, status: 'active' }]);
  expect(await json('list_sessions', { agent: 'another' })).toEqual([]);
  expect(await json('pause_session', { sessionId })).toMatchObject({ status: 'paused' });
  const refused = await assistant.call('send_message', { sessionId, content: 'Hello?' });
  expect(refused.failed).toBe(true);
  expect(refused.text).toMatch(/^Error: .*\(session_not_active\)\n/);
  expect(await json('resume_session', { sessionId })).toMatchObject({ status: 'active' });
  expect(await json('get_session', { sessionId })).toMatchObject({ id: sessionId, status: 'active' });
  expect(await json('end_session', { sessionId })).toMatchObject({ status: 'ended' });
});

test('a turn that fails is an error with its text, and what came before it', async () => {
  await using assistant = await connect();
  const { id: sessionId } = JSON.parse((await assistant.call('create_session', { agent: 'agent' })).text);
  const content = script({ text: 'x', faults: [{ status: 400, message: 'the model says no', times: 'always' }] });
  const { text, failed } = await assistant.call('send_message', { sessionId, content });
  expect(failed).toBe(true);
  expect(text).toMatch(/^Error: .*the model says no$/m);
  await assistant.call('end_session', { sessionId });
});

test('progress is told to a client that asks for it', async () => {
  await using assistant = await connect();
  const { id: sessionId } = JSON.parse((await assistant.call('create_session', { agent: 'agent' })).text);
  const told: unknown[] = [];
  const content = script({ tools: [{ name: 'Bash', input: { command: 'true' } }] }, 'Done so.');
  await assistant.client.callTool(
    { name: 'send_message', arguments: { sessionId, content } },
    { onprogress: ({ message }) => told.push(message) },
  );
  expect(told).toEqual(['[Tool: Bash]', 'Done so.']);
  await assistant.call('end_session', { sessionId });
});

test('what cannot be done is said in one text', async () => {
  await using assistant = await connect();
  expect(await assistant.call('create_session', { agent: 'nobody' })).toEqual({
    text: 'Error: Agent "nobody" not found (agent_not_found)\nDeploy it first ("ash deploy <folder>"), or list the agents.',
    failed: true,
  });
  const wrong = await assistant.call('get_session', { sessionId: 'not-an-id' });
  expect(wrong.failed).toBe(true);
  await using stranger = await connect({ ASH_API_KEY: 'ash_wrong' });
  expect((await stranger.call('list_agents')).text).toContain('(invalid_api_key)');
});
