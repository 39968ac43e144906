/** Does the time of an answer tell that another tenant has something of this name? Both are asked for in turn. */
import { randomUUID } from 'node:crypto';
import { AshClient } from '@ash-ai/sdk';
import { AshServer } from './ash-server.ts';
import { figuresOf, type Results, timed } from './measure.ts';

const pairs = 2000;

export async function names(modelUrl: string): Promise<Results> {
  const secret = randomUUID();
  await using server = await AshServer.start(modelUrl, { ASH_INTERNAL_SECRET: secret });
  const made = await fetch(`${server.url}/api/internal/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tenantId: 'another' }),
  });
  const { key } = (await made.json()) as { key: string };
  const another = new AshClient({ serverUrl: server.url, apiKey: key });
  await another.createAgent('theirs', { systemPrompt: 'You are theirs.' });
  const { id } = await another.createSession('theirs');
  return {
    ...(await compare(server, 'session', `sessions/${id}`, `sessions/${randomUUID()}`)),
    ...(await compare(server, 'agent', 'agents/theirs', 'agents/nobodys')),
  };
}

async function compare(server: AshServer, what: string, foreign: string, missing: string): Promise<Results> {
  const times: [number[], number[]] = [[], []];
  const ask = async (path: string): Promise<void> => {
    const headers = { authorization: `Bearer ${server.apiKey}` };
    const answer = await fetch(`${server.url}/api/${path}`, { headers });
    await answer.arrayBuffer();
    if (answer.status !== 404) throw new Error(`${path} was answered with ${answer.status}`);
  };
  for (let pair = -100; pair < pairs; pair += 1) {
    const taken = [await timed(() => ask(foreign)), await timed(() => ask(missing))] as const;
    if (pair >= 0) times.forEach((list, index) => void list.push(taken[index] ?? Number.NaN));
  }
  return {
    [`GET ${what} of another tenant, answered 404`]: figuresOf(times[0], 'ms'),
    [`  of nobody, ${what}`]: figuresOf(times[1], 'ms'),
  };
}
