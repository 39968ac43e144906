/** Webhooks and queue while the server dies by kill -9 again and again: every event arrives, every item runs once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { type AshClient, verifyWebhook } from '@ash-ai/sdk';
import { webhookEventOf } from '@ash-ai/shared';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Receiver } from '../../packages/server/test/webhooks/receiver.ts';
import { type Ash, until, useAsh } from './harness.ts';
import { say } from './streams.ts';

vi.setConfig({ testTimeout: 120_000 });
const use = useAsh({ env: { ASH_WEBHOOK_TARGETS: '127.0.0.1:*', ASH_QUEUE_CONCURRENCY: '3' } });

let receiver: Receiver;
beforeAll(async () => {
  receiver = await Receiver.start();
});
afterAll(() => receiver[Symbol.asyncDispose]());

/** Ids of all events that the log and the queue hold: what a receiver of everything must have got. */
function happened(ash: Ash): string[] {
  const entries = ash.rows<{ session_id: string; seq: number; type: string; data: string }>(
    'select session_id, seq, type, data from log_entries',
  );
  const ofLog = entries.flatMap(({ session_id: sessionId, seq, type, data }) =>
    webhookEventOf(type, JSON.parse(data)) === undefined ? [] : [`msg_${sessionId}_${seq}`],
  );
  const ended = `select id, status from queue_items where status in ('completed', 'failed', 'cancelled')`;
  const ofQueue = ash.rows<{ id: string; status: string }>(ended).map(({ id, status }) => `msg_${id}_${status}`);
  return [...ofLog, ...ofQueue].sort();
}

async function everythingArrived(ash: Ash): Promise<void> {
  await receiver.until(() => receiver.ids.length >= happened(ash).length);
  expect([...receiver.ids].sort()).toEqual(happened(ash));
}

async function ended(client: AshClient, ids: readonly string[]): Promise<void> {
  await until(async () => {
    const items = await Promise.all(ids.map((id) => client.getQueueItem(id)));
    return items.every(({ status }) => status === 'completed' || status === 'failed');
  });
}

test('a receiver hears of everything, however often the server dies, and items run once', async () => {
  const { ash } = use;
  const { webhook, secret } = await ash.client.createWebhook(receiver.url);
  // Every third request is not answered until its connection is gone, every fifth is answered with an error.
  let count = 0;
  receiver.answer = (_got, response) => {
    count += 1;
    if (count % 3 === 0) return;
    response.writeHead(count % 5 === 0 ? 500 : 204).end();
  };
  const mark = { tools: [{ name: 'Bash', input: { command: 'echo run >> marks' } }] };
  const items: string[] = [];
  for (let n = 0; n < 6; n += 1) items.push((await ash.client.enqueue('agent', script(mark, `done ${n}`))).id);
  const cancelled = (await ash.client.enqueue('nobody', 'never')).id;
  // Kills come between a delivery and its answer, within turns, and while items wait.
  for (let kill = 0; kill < 5; kill += 1) {
    const before = receiver.got.length;
    await receiver.until((got) => got.length >= before + 3);
    await ash.kill();
    await ash.start();
  }
  await until(async () => {
    const { status } = await ash.client.cancelQueueItem(cancelled).catch(() => ash.client.getQueueItem(cancelled));
    return status === 'cancelled';
  });
  await ended(ash.client, items);
  for (const id of items) {
    const item = await ash.client.getQueueItem(id);
    const tries = ash.rows<{ id: string; status: string; error_code: string | null }>(
      'select id, status, error_code from turns where session_id = ? order by ordinal',
      String(item.sessionId),
    );
    // A kill while a sandbox is being started may take the sandbox along: the turn says so, and the item is tried again.
    const lost = tries.slice(0, -1).map(({ error_code }) => error_code);
    expect(lost.filter((code) => code !== 'sandbox_lost')).toEqual([]);
    expect(tries.at(-1)).toEqual({ id: item.turnId, status: 'completed', error_code: null });
    expect(item).toMatchObject({ status: 'completed', retryCount: lost.length, error: null });
    const marks = readFileSync(join(ash.workspace(String(item.sessionId)), 'marks'), 'utf8');
    if (lost.length === 0) expect(marks).toBe('run\n');
  }
  receiver.answer = (_got, response) => void response.writeHead(204).end();
  await ash.kill();
  await ash.start();
  await everythingArrived(ash);
  // Whatever came twice was the same, and all of it is signed.
  const bodies = new Map<string, string>();
  for (const { body, headers } of receiver.got) {
    const { id } = await verifyWebhook({ body, headers, secret, toleranceSeconds: 600 });
    expect(bodies.get(id) ?? body).toBe(body);
    bodies.set(id, body);
  }
  await ash.client.deleteWebhook(webhook.id);
});

test('events of a session say what its log says', async () => {
  const { ash } = use;
  receiver.got.length = 0;
  const { webhook } = await ash.client.createWebhook(receiver.url);
  const asking = await ash.client.createSession('agent', { permissionMode: 'default' });
  const write = { name: 'Write', input: { file_path: '{{cwd}}/note.md', content: 'hello' } };
  const turn = say(ash, asking.id, script({ tools: [write] }, 'Written.'));
  await receiver.until((got) => got.some(({ event }) => event.type === 'approval.requested'));
  const [approval] = await ash.client.listApprovals(asking.id, { status: 'pending' });
  await ash.client.answerApproval(asking.id, String(approval?.id), { decision: 'allow' });
  await turn;
  await say(ash, asking.id, script({ text: 'x', faults: [{ status: 400, times: 'always' }] }));
  await ash.client.pauseSession(asking.id);
  const fork = await ash.client.forkSession(asking.id);
  await ash.client.resumeSession(fork.id);
  await ash.client.endSession(fork.id);
  await ash.client.endSession(asking.id);
  await receiver.until((got) => got.filter(({ event }) => event.type === 'session.ended').length === 2);
  await receiver.until(() => receiver.ids.length === 12);
  const of = (sessionId: string) =>
    receiver.got
      .filter(({ event }) => event.data.sessionId === sessionId)
      .toSorted((a, b) => Number(a.event.data.sequence) - Number(b.event.data.sequence))
      .map(({ event: { type, data } }) => ({ type, ...data }));
  const turnId = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(of(asking.id)).toMatchObject([
    { type: 'session.created', agentName: 'agent', turnId: null, sequence: 1 },
    { type: 'turn.started', turnId },
    { type: 'approval.requested', turnId, approvalId: approval?.id, toolName: 'Write' },
    { type: 'approval.answered', approvalId: approval?.id, decision: 'allow' },
    { type: 'turn.completed', turnId, result: 'Written.', numTurns: 2 },
    { type: 'turn.started' },
    { type: 'turn.failed', code: expect.any(String), error: expect.stringContaining('400') },
    { type: 'session.paused' },
    { type: 'session.ended' },
  ]);
  expect(of(fork.id)).toMatchObject([
    { type: 'session.created', parentSessionId: asking.id },
    { type: 'session.resumed' },
    { type: 'session.ended' },
  ]);
  await ash.client.deleteWebhook(webhook.id);
});
