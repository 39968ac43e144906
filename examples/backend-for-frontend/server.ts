/**
 * A product's own backend in front of Ash: its users, its routes, its events. The browser learns neither the key nor that
 * there is an Ash; what the agent does is told in the product's words.
 */
import { randomUUID, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Readable } from 'node:stream';
import { AshApiError, AshClient, type AshStreamEvent, extractStreamDelta, extractTextFromEvent } from '@ash-ai/sdk';
import { type FastifyReply, type FastifyRequest, fastify } from 'fastify';

const agentName = 'product-assistant';
const ash = new AshClient({
  serverUrl: process.env.ASH_SERVER_URL ?? 'http://localhost:4100',
  apiKey: process.env.ASH_API_KEY,
});

/** The product's users: `ada=token-of-ada,bob=token-of-bob`. A real one has a login. */
const users = new Map(
  (process.env.PRODUCT_USERS ?? 'ada=demo').split(',').map((pair) => pair.split('=') as [string, string]),
);

const db = new DatabaseSync(process.env.PRODUCT_DB ?? 'product.db');
db.exec('create table if not exists conversations (user text primary key, session_id text not null) strict');

const instructions = await readFile(join(import.meta.dirname, 'agent/CLAUDE.md'));
await ash.createAgent(agentName, { files: [{ path: 'CLAUDE.md', content: instructions.toString('base64') }] });

const app = fastify({ bodyLimit: 64 * 1024 });

/** Asks a question; the answer comes as the product's own events: `step`, `text`, `failed`, `end`. */
app.post<{ Body: { question: string } }>(
  '/questions',
  {
    schema: {
      body: {
        type: 'object',
        required: ['question'],
        properties: { question: { type: 'string', minLength: 1, maxLength: 10_000 } },
      },
    },
  },
  async (request, reply) => {
    const session = ash.session(await conversationOf(userOf(request)));
    // The product's request id makes a repeated POST the same question.
    const idempotencyKey = String(request.headers['idempotency-key'] ?? randomUUID());
    const events = session.send(request.body.question, { includePartialMessages: true, idempotencyKey });
    return stream(reply, events);
  },
);

/** What was said so far, also what came while nobody listened. */
app.get('/conversation', async (request) => {
  const said: { who: string; text: string }[] = [];
  for await (const { role, content } of ash.session(await conversationOf(userOf(request))).messages()) {
    const message = JSON.parse(content) as Record<string, unknown>;
    const text = role === 'user' ? message.content : extractTextFromEvent(message);
    if (typeof text === 'string') said.push({ who: role, text });
  }
  return { said };
});

app.post('/stop', async (request) => {
  await ash.session(await conversationOf(userOf(request))).interrupt();
  return { stopped: true };
});

app.setErrorHandler((error, request, reply) => {
  if (error instanceof Refused) return reply.code(401).send({ error: error.message });
  if (error instanceof AshApiError) {
    // Ours to look into, not the user's: they get the reference and no more.
    console.error(`${error.code} (Ash request ${error.requestId}): ${error.message}`);
    return reply.code(502).send({ error: 'The assistant is not available', reference: request.id });
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  return reply.code(statusCode).send({ error: statusCode < 500 ? message : 'Something went wrong' });
});

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    app.server.closeAllConnections();
    app.close().then(() => db.close());
  });
}

class Refused extends Error {}

/** The user that a request is from. @throws Refused */
function userOf(request: FastifyRequest): string {
  const given = Buffer.from(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
  for (const [user, token] of users) {
    const own = Buffer.from(token);
    if (own.length === given.length && timingSafeEqual(own, given)) return user;
  }
  throw new Refused('Please sign in');
}

/** The session of a user: made at the first question, kept in the product's database. */
async function conversationOf(user: string): Promise<string> {
  const known = db.prepare('select session_id from conversations where user = ?').get(user);
  if (known !== undefined) return String(known.session_id);
  const { id } = await ash.createSession(agentName);
  // Two first questions at once: one session wins, the other one is ended.
  const { changes } = db.prepare('insert into conversations values (?, ?) on conflict do nothing').run(user, id);
  if (changes === 0) {
    await ash.endSession(id);
    return conversationOf(user);
  }
  return id;
}

/** Sends a turn as server-sent events. A browser that goes away stops nothing: the turn goes on, and `/conversation` has it. */
function stream(reply: FastifyReply, events: AsyncIterable<AshStreamEvent>): FastifyReply {
  reply.header('content-type', 'text/event-stream').header('cache-control', 'no-cache');
  return reply.send(Readable.from(inOurWords(events)));
}

async function* inOurWords(events: AsyncIterable<AshStreamEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === 'message') {
      const text = extractStreamDelta(data);
      if (text !== null) yield frame('text', { text });
    } else if (type === 'tool_use')
      yield frame('step', { what: data.name === 'Bash' ? 'working' : 'looking things up' });
    else if (type === 'error') yield frame('failed', { reason: 'The assistant could not finish this' });
  }
  yield frame('end', {});
}

function frame(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
