/** How a bomb is set off in one session while another one works, and how both are looked at afterwards. */
import { setTimeout as delay } from 'node:timers/promises';
import { script } from '@ash-ai/scripted-model';
import type { LimitsRequest } from '@ash-ai/shared/contract';
import { expect } from 'vitest';
import type { Ash } from '../e2e/harness.ts';
import { messagesOf, say, type Turn } from '../e2e/streams.ts';

export async function sessionWith(ash: Ash, limits: LimitsRequest): Promise<string> {
  const reply = await ash.call('POST', '/api/sessions', { body: { agent: 'agent', limits } });
  expect(reply.status).toBe(201);
  return ((await reply.json()) as { session: { id: string } }).session.id;
}

/** One Bash call, whose output comes back as the turn's text. */
export const bash = (command: string) =>
  script({ tools: [{ name: 'Bash', input: { command } }] }, 'It said {{result}}.');

/** No answer within this is none: far more than a busy machine needs. */
const answerMs = 20_000;

/** Sends a bomb, and meanwhile a message to somebody else, whose turn must end well; and all the while the server answers. */
export async function explode(ash: Ash, sessionId: string, command: string): Promise<Turn> {
  const other = await ash.session();
  const over = new AbortController();
  const answering = answers(ash, [sessionId, other.id], over.signal);
  try {
    const [turn, peaceful] = await Promise.all([
      say(ash, sessionId, bash(command)),
      say(ash, other.id, 'My name is Alice.'),
    ]);
    expect(peaceful).toMatchObject({ status: 'completed', error: undefined });
    return turn;
  } finally {
    over.abort();
    expect(await answering).toBeGreaterThan(0);
  }
}

/** Asks the server of its health and of these sessions until it is over; how often it answered, which is every time. */
async function answers(ash: Ash, sessionIds: readonly string[], over: AbortSignal): Promise<number> {
  const paths = ['/health', ...sessionIds.flatMap((id) => [`/api/sessions/${id}`, `/api/sessions/${id}/files`])];
  let answered = 0;
  while (!over.aborted) {
    for (const path of paths) {
      const reply = await ash.call('GET', path, { signal: AbortSignal.timeout(answerMs) });
      expect([path, reply.status, typeof (await reply.text())]).toEqual([path, 200, 'string']);
      answered += 1;
    }
    await delay(100);
  }
  return answered;
}

/** A session whose turn was cut off takes the next message as if nothing had happened. */
export async function expectAlive(ash: Ash, sessionId: string): Promise<void> {
  const next = await say(ash, sessionId, bash('echo still here'));
  const log = JSON.stringify(ash.lines.slice(-10));
  expect(next, log).toMatchObject({
    status: 'completed',
    text: 'It said still here.',
    error: undefined,
  });
}

/** All output of tools in a turn. */
export const toolOutput = (turn: Turn) => JSON.stringify(messagesOf(turn.events).filter(({ type }) => type === 'user'));

/** What those of every provider do in the same way. */
export const bombs = {
  memoryOfTool: `perl -e 'my @a; push @a, "x" x 1048576 while 1'`,
  /** Many that are each smaller than the runtime, which is what the kernel takes then. */
  memoryOfRuntime: `perl -e 'for (1..60) { next if fork; my $x = "x" x (12 << 20); sleep 60; exit } wait for 1..60'`,
  forks: `perl -e 'while (1) { fork; select undef, undef, undef, 0.01 }'`,
} as const;
