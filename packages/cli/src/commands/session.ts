/** `ash session …`: the commands that make one call and print what it answers. */
import type { Context } from '../context.ts';
import { count } from '../count.ts';
import { Failure } from '../failure.ts';

interface JsonOption {
  json?: boolean;
}

export async function createSession(
  { client, terminal }: Context,
  agent: string,
  options: JsonOption & { model?: string },
): Promise<void> {
  const session = await (await client()).createSession(agent, { model: options.model });
  if (!options.json) terminal.out('Session created: ');
  terminal.json(session);
}

const statuses = ['starting', 'active', 'paused', 'stopped', 'ended', 'error'] as const;

export async function listSessions(
  { client, terminal }: Context,
  options: { agent?: string; status?: string; limit?: string },
): Promise<void> {
  const status = statuses.find((known) => known === options.status);
  if (options.status !== undefined && status === undefined) {
    throw new Failure(`--status takes one of ${statuses.join(', ')}`);
  }
  const limit = count('--limit', options.limit);
  terminal.json(await (await client()).listSessions({ agent: options.agent, status, limit }));
}

export async function changeSession(
  { client, terminal }: Context,
  verb: 'pause' | 'resume' | 'stop' | 'end',
  told: string,
  id: string,
  options: JsonOption,
): Promise<void> {
  const ash = await client();
  const change = { pause: ash.pauseSession, resume: ash.resumeSession, stop: ash.stopSession, end: ash.endSession };
  const session = await change[verb](id);
  if (!options.json) terminal.out(`${told}: `);
  terminal.json(session);
}

export async function interrupt({ client, terminal }: Context, id: string, options: JsonOption): Promise<void> {
  const answer = await (await client()).interruptSession(id);
  if (options.json) terminal.json(answer);
  else terminal.out(answer.interrupted ? `Turn interrupted: ${answer.turnId}\n` : 'No turn was running\n');
}

interface PageOptions {
  limit?: string;
  after?: string;
  type?: string;
}

export async function listMessages({ client, terminal }: Context, id: string, options: PageOptions): Promise<void> {
  terminal.json(await (await client()).listMessages(id, page(options)));
}

export async function listEvents({ client, terminal }: Context, id: string, options: PageOptions): Promise<void> {
  terminal.json(await (await client()).listSessionEvents(id, { ...page(options), type: options.type }));
}

function page({ limit, after }: PageOptions): { limit: number | undefined; afterSequence: number | undefined } {
  return { limit: count('--limit', limit), afterSequence: count('--after', after) };
}
