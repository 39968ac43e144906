/** The MCP server `ash`: every tool is one call of the Ash API and answers with one text. */
import type { AshClient } from '@ash-ai/sdk';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { answer } from './answer.ts';
import { runTurn } from './turn.ts';
import { readVersion } from './version.ts';

const session = z.object({ sessionId: z.string().describe('Id of the session') });
const reads = { readOnlyHint: true };

/**
 * Makes the server; connect it to a transport to serve.
 *
 * @example serveStdio(() => createMcpServer(new AshClient({ serverUrl: 'http://localhost:4100', apiKey })));
 */
export function createMcpServer(client: AshClient): McpServer {
  const server = new McpServer(
    { name: 'ash', version: readVersion() },
    {
      instructions:
        'Agents hosted by an Ash server. Create a session with an agent, then send messages to it: a session keeps its ' +
        'conversation and its files. End it when you are done.',
    },
  );

  server.registerTool(
    'list_agents',
    { description: 'List the agents that are deployed', inputSchema: z.object({}), annotations: reads },
    (_, { mcpReq: { signal } }) => answer(() => client.listAgents({ signal })),
  );
  server.registerTool(
    'create_session',
    {
      description: 'Open a session with an agent; its id is what the other tools need',
      inputSchema: z.object({ agent: z.string().describe('Name of the agent') }),
    },
    ({ agent }, { mcpReq: { signal } }) => answer(() => client.createSession(agent, { signal })),
  );
  server.registerTool(
    'send_message',
    {
      description:
        'Send a message to the agent of a session and wait until its turn is over; answers with what it said',
      inputSchema: session.extend({ content: z.string().describe('The message') }),
    },
    ({ sessionId, content }, { mcpReq }) => answer(() => runTurn(client, sessionId, content, mcpReq)),
  );
  server.registerTool(
    'list_sessions',
    {
      description: 'List sessions, newest first',
      inputSchema: z.object({ agent: z.string().optional().describe('Only those of this agent') }),
      annotations: reads,
    },
    ({ agent }, { mcpReq: { signal } }) =>
      answer(() => client.listSessions(agent === undefined ? {} : { agent }, { signal })),
  );
  server.registerTool(
    'get_session',
    { description: 'Show a session', inputSchema: session, annotations: reads },
    ({ sessionId }, { mcpReq: { signal } }) => answer(() => client.getSession(sessionId, { signal })),
  );
  server.registerTool(
    'end_session',
    { description: 'End a session for good', inputSchema: session, annotations: { destructiveHint: true } },
    ({ sessionId }, { mcpReq: { signal } }) => answer(() => client.endSession(sessionId, { signal })),
  );
  server.registerTool(
    'pause_session',
    { description: 'Pause an active session', inputSchema: session },
    ({ sessionId }, { mcpReq: { signal } }) => answer(() => client.pauseSession(sessionId, { signal })),
  );
  server.registerTool(
    'resume_session',
    { description: 'Make a paused or stopped session active again', inputSchema: session },
    ({ sessionId }, { mcpReq: { signal } }) => answer(() => client.resumeSession(sessionId, { signal })),
  );
  server.registerTool(
    'health',
    { description: 'Show the health of the Ash server', inputSchema: z.object({}), annotations: reads },
    (_, { mcpReq: { signal } }) => answer(() => client.health({ signal })),
  );
  return server;
}
