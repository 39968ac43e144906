/** A server between browsers and Ash: it holds the key, and lets each visitor reach a session of their own and nothing else. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { AshApiError, AshClient } from '@ash-ai/sdk';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { rolldown } from 'rolldown';

const ashUrl = process.env.ASH_SERVER_URL ?? 'http://localhost:4100';
const apiKey = process.env.ASH_API_KEY ?? '';
const agentName = 'chat-page';
const ash = new AshClient({ serverUrl: ashUrl, apiKey });
/** Sessions by visitor. */
const sessions = new Map<string, Promise<string>>();

await ash.createAgent(agentName, { systemPrompt: 'You are a friendly helper in a chat window. Be brief.' });
const page = await readFile(join(import.meta.dirname, 'page/index.html'), 'utf8');
const style = await readFile(join(import.meta.dirname, 'page/chat.css'), 'utf8');
const script = await bundle(join(import.meta.dirname, 'page/chat.ts'));

const app = fastify();
app.addHook('onSend', async (_request, reply) => {
  reply.header('content-security-policy', "default-src 'self'; frame-ancestors 'none'");
});
app.get('/', (request, reply) => {
  if (visitorOf(request) === undefined) {
    reply.header('set-cookie', `visitor=${randomUUID()}; Path=/; HttpOnly; SameSite=Strict`);
  }
  return reply.type('text/html').send(page);
});
app.get('/chat.css', (_request, reply) => reply.type('text/css').send(style));
app.get('/chat.js', (_request, reply) => reply.type('text/javascript').send(script));

/** The visitor's session; the first visit makes it. */
app.post('/session', async (request, reply) => {
  const visitor = visitorOf(request);
  if (visitor === undefined) return reply.code(401).send({ error: 'Open the page first' });
  const known = sessions.get(visitor) ?? ash.createSession(agentName).then(({ id }) => id);
  sessions.set(visitor, known);
  known.catch(() => sessions.delete(visitor));
  return { id: await known };
});

// The routes of Ash that the page needs, for the visitor's own session only.
app.get('/ash/api/sessions/:id/messages', passOn);
app.post('/ash/api/sessions/:id/messages', passOn);
app.get('/ash/api/sessions/:id/stream', passOn);
app.post('/ash/api/sessions/:id/interrupt', passOn);

app.setErrorHandler((error, _request, reply) => {
  const status = error instanceof AshApiError ? error.statusCode : 500;
  reply.code(status).send({ error: error instanceof Error ? error.message : 'Something went wrong' });
});

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    app.server.closeAllConnections();
    app.close().then(() => process.exit(0));
  });
}

/** Sends the request to Ash with the key, and the answer back as it comes. */
async function passOn(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { id } = request.params as { id: string };
  const own = await sessions.get(visitorOf(request) ?? '');
  if (own === undefined || own !== id) return reply.code(404).send({ error: 'No such session' });
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const headers: Record<string, string> = { authorization: `Bearer ${apiKey}` };
  for (const name of ['content-type', 'idempotency-key', 'last-event-id']) {
    const value = request.headers[name];
    if (typeof value === 'string') headers[name] = value;
  }
  const answer = await fetch(`${ashUrl}${request.url.slice('/ash'.length)}`, {
    method: request.method,
    headers,
    signal: gone.signal,
    ...(request.body === undefined || request.body === null ? {} : { body: JSON.stringify(request.body) }),
  });
  reply.code(answer.status).header('content-type', answer.headers.get('content-type') ?? 'application/json');
  return reply.send(answer.body === null ? '' : Readable.fromWeb(answer.body));
}

function visitorOf(request: FastifyRequest): string | undefined {
  return /(?:^|;\s*)visitor=([0-9a-f-]{36})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1];
}

/** The page's program and the SDK as one file for browsers. */
async function bundle(input: string): Promise<string> {
  await using bundled = await rolldown({ input, platform: 'browser', resolve: { conditionNames: conditions() } });
  const { output } = await bundled.generate({ format: 'esm' });
  return output[0].code;
}

/** In a checkout of Ash this program runs with a condition that finds packages by their sources; so does the bundle. */
function conditions(): string[] {
  const given = process.execArgv.flatMap((arg) => /^--conditions=(.+)$/.exec(arg)?.[1] ?? []);
  return [...given, 'browser', 'import', 'default'];
}
