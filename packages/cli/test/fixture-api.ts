/** A small HTTP server that answers as Ash does, for one agent and one session. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AshStreamEvent, formatSse } from '@ash-ai/shared';

export const sessionId = '019a0000-0000-7000-8000-000000000001';
const turnId = '019a0000-0000-7000-8000-000000000002';

interface Asked {
  request: string;
  authorization: string | undefined;
  body: Record<string, unknown> | undefined;
}

export interface FixtureApi extends AsyncDisposable {
  url: string;
  asked: Asked[];
}

const session = {
  id: sessionId,
  agentName: 'poet',
  agentVersion: 3,
  status: 'active',
  lastActiveAt: '2026-01-01T00:00:00Z',
};
const partial = (event: Record<string, unknown>) => ({ type: 'stream_event', event, parent_tool_use_id: null });
/** A message that begins to come in parts. */
const deltas = (...texts: string[]) => [
  partial({ type: 'message_start', message: { content: [] } }),
  partial({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
  ...texts.map((text) => partial({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
];
const waiting = deltas('Wait')
  .map((data, at) => formatSse('message', JSON.stringify(data), `1.${at + 1}`))
  .join('');
const assistant = (content: unknown[]) => ({ type: 'assistant', message: { content }, parent_tool_use_id: null });

/** What the agent answers: by the text of the message. */
function turn(content: string, withPartial: boolean): AshStreamEvent[] {
  if (content === 'fail') {
    return [
      { type: 'error', data: { error: 'The model API refused the key: 401', code: 'model_unauthorized' } },
      { type: 'done', data: { sessionId, turnId, status: 'failed' } },
    ];
  }
  if (content === 'limit') {
    return [
      {
        type: 'message',
        data: { type: 'result', subtype: 'error_max_turns', is_error: true, errors: ['Too many turns'] },
      },
      { type: 'done', data: { sessionId, turnId, status: 'failed' } },
    ];
  }
  const text = `You said: ${content}`;
  const events: Record<string, unknown>[] = [
    assistant([{ type: 'tool_use', id: 't1', name: 'Bash', input: { command: 'ls' } }]),
    { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 't1', content: 'poem.txt' }] } },
    ...(withPartial ? deltas('You ', 'said: ') : []),
    assistant([{ type: 'text', text }]),
    { type: 'result', subtype: 'success', is_error: false, result: text },
  ];
  return [
    ...events.map((data) => ({ type: 'message', data }) satisfies AshStreamEvent),
    { type: 'done', data: { sessionId, turnId, status: 'completed' } },
  ];
}

export async function startApi(): Promise<FixtureApi> {
  const asked: Asked[] = [];
  let hanging: ServerResponse | undefined;
  const server = createServer(async (request, response) => {
    const text = (await Array.fromAsync(request as AsyncIterable<Buffer>)).join('');
    const one: Asked = {
      request: `${request.method} ${request.url}`,
      authorization: request.headers.authorization,
      body: text === '' ? undefined : JSON.parse(text),
    };
    asked.push(one);
    const { pathname } = new URL(request.url ?? '/', 'http://fixture');
    const json = (status: number, body: unknown) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

    if (pathname.endsWith('/messages') && request.method === 'POST') {
      const content = String(one.body?.content);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const start = { sessionId, version: '0.1.0', turnId };
      response.write(formatSse('session_start', JSON.stringify(start), '1'));
      if (content === 'stuck') return void response.write(waiting);
      if (content === 'hang') {
        response.write(waiting);
        hanging = response;
        return;
      }
      const events = turn(content, one.body?.includePartialMessages === true);
      response.end(
        events.map((event, at) => formatSse(event.type, JSON.stringify(event.data), String(at + 2))).join(''),
      );
    } else if (pathname.endsWith('/interrupt')) {
      json(200, { interrupted: true, turnId });
      const error = { error: 'The turn was interrupted', code: 'turn_interrupted' };
      hanging?.write(formatSse('error', JSON.stringify(error)));
      hanging?.end(formatSse('done', JSON.stringify({ sessionId, turnId, status: 'interrupted' }), '2'));
    } else if (pathname === '/health') json(200, { status: 'ok', version: '0.1.0' });
    else if (pathname === '/api/agents' && request.method === 'POST') {
      json(201, { agent: { name: one.body?.name, version: 3 } });
    } else if (pathname === '/api/sessions' && request.method === 'POST') {
      if (one.body?.agent === 'poet') return json(201, { session });
      const error = 'Agent "nobody" not found';
      json(404, { error, statusCode: 404, code: 'agent_not_found', suggestion: 'Deploy it first.' });
    } else if (pathname === '/api/sessions') json(200, { sessions: [session] });
    else if (pathname === '/api/agents') json(200, { agents: [{ name: 'poet' }] });
    else if (request.method === 'GET' && pathname.startsWith('/api/agents/')) {
      json(404, { error: 'Agent not found', statusCode: 404, code: 'agent_not_found' });
    } else if (pathname.endsWith('/messages')) json(200, { messages: [] });
    else if (request.method === 'DELETE' && pathname.startsWith('/api/agents/')) json(200, { ok: true });
    else json(200, { session });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
