/** The queue over HTTP, with the real agent runtime at its end. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { script } from '@ash-ai/scripted-model';
import type { QueueItem } from '@ash-ai/sdk';
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import { until, useAsh } from '../../../../test/e2e/harness.ts';
import { env, failure, otherKey } from './tenant.ts';

const use = useAsh({ env: { ...env, ASH_QUEUE_CONCURRENCY: '2' } });

const timestamp = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);

/** Awaits the end of an item, or another state. */
async function become(id: string, ...statuses: QueueItem['status'][]): Promise<QueueItem> {
  let item = await use.ash.client.getQueueItem(id);
  await until(async () => {
    item = await use.ash.client.getQueueItem(id);
    return statuses.includes(item.status);
  });
  return item;
}

/** What the agent has said in a session, as text. */
async function said(sessionId: string | null): Promise<string> {
  return JSON.stringify(await use.ash.client.listMessages(sessionId ?? ''));
}

/** A prompt that runs until the gate opens, and the gate. */
function held(): { prompt: string; reached: Promise<unknown>; open: () => void } {
  const prompt = `mark ${newId()}`;
  return { prompt, ...use.ash.gate.hold(prompt) };
}

/** A prompt whose every try fails at the model. */
const hopeless = script({ text: 'x', faults: [{ status: 400, times: 'always' }] });

test('an item becomes a session with the answer in it', async () => {
  const { ash } = use;
  const response = await ash.call('POST', '/api/queue', { body: { agentName: 'agent', prompt: 'My name is Alice.' } });
  expect(response.status).toBe(201);
  const { item } = (await response.json()) as { item: QueueItem };
  expect(item).toEqual({
    id: uuid,
    tenantId: 'default',
    sessionId: null,
    turnId: null,
    agentName: 'agent',
    prompt: 'My name is Alice.',
    status: 'pending',
    priority: 0,
    retryCount: 0,
    maxRetries: 3,
    error: null,
    retryAfter: null,
    createdAt: timestamp,
    startedAt: null,
    completedAt: null,
  });
  const done = await become(item.id, 'completed', 'failed');
  const ended = { sessionId: uuid, turnId: uuid, startedAt: timestamp, completedAt: timestamp };
  expect(done).toEqual({ ...item, ...ended, status: 'completed' });
  expect(await said(done.sessionId)).toContain('Nice to meet you, Alice.');
  expect(await ash.client.getUsageStats({ sessionId: done.sessionId ?? '' })).toMatchObject({ totalMessages: 1 });

  const more = await ash.client.enqueue('agent', 'What is my name?', { sessionId: done.sessionId ?? '' });
  expect(await become(more.id, 'completed', 'failed')).toMatchObject({
    sessionId: done.sessionId,
    status: 'completed',
  });
  expect(await said(done.sessionId)).toContain('Your name is Alice.');
});

test('a turn that fails fails the item, and its session stays to be looked at', async () => {
  const { id } = await use.ash.client.enqueue('agent', hopeless, { maxRetries: 1 });
  const item = await become(id, 'failed', 'completed');
  expect(item).toMatchObject({ status: 'failed', retryCount: 1, sessionId: uuid, completedAt: timestamp });
  expect(item.error).toMatch(/400/);
});

test('an attempt that fails is put off', async () => {
  const { ash } = use;
  const { id } = await ash.client.enqueue('nobody', 'hello');
  let item = await ash.client.getQueueItem(id);
  await until(async () => {
    item = await ash.client.getQueueItem(id);
    return item.retryCount === 1;
  });
  expect(item).toMatchObject({ status: 'pending', error: 'Agent "nobody" not found', sessionId: null });
  const startedAt = Date.parse(item.startedAt ?? '');
  expect(Date.parse(item.retryAfter ?? '') - startedAt).toBeGreaterThanOrEqual(5_000);
  expect(await ash.client.cancelQueueItem(id)).toMatchObject({ status: 'cancelled', retryAfter: null });
});

test('a session that does not take messages fails the attempt', async () => {
  const { ash } = use;
  const { id: sessionId } = await ash.session();
  await ash.client.endSession(sessionId);
  const { id } = await ash.client.enqueue('agent', 'hello', { sessionId, maxRetries: 0 });
  expect(await become(id, 'failed', 'completed')).toMatchObject({ error: 'Session is ended', retryCount: 1 });
});

test('two at once, higher priorities first; one that waits can be cancelled, one that runs interrupted', async () => {
  const { ash } = use;
  const { client } = ash;
  const [a, b, late] = [held(), held(), held()];
  const running = [await client.enqueue('agent', a.prompt), await client.enqueue('agent', b.prompt)] as const;
  await Promise.all([a.reached, b.reached]);
  const low = await client.enqueue('agent', 'hello');
  const high = await client.enqueue('agent', late.prompt, { priority: 9 });
  expect(await client.listQueueItems({ status: 'processing' })).toHaveLength(2);
  const cancel = await ash.call('DELETE', `/api/queue/${running[0].id}`);
  expect([cancel.status, await cancel.json()]).toMatchObject([
    400,
    { code: 'queue_item_not_pending', error: 'Cannot cancel item with status "processing"' },
  ]);
  const { sessionId } = await client.getQueueItem(running[0].id);
  await client.interruptSession(sessionId ?? '');
  expect(await become(running[0].id, 'failed')).toMatchObject({ error: 'The turn was interrupted', retryCount: 1 });
  await late.reached;
  const cancelled = await ash.call('DELETE', `/api/queue/${low.id}`);
  expect(cancelled.status).toBe(200);
  expect(await cancelled.json()).toEqual({ item: { ...low, status: 'cancelled', completedAt: timestamp } });
  expect(await failure(await ash.call('DELETE', `/api/queue/${low.id}`))).toEqual([400, 'queue_item_not_pending']);
  late.open();
  b.open();
  for (const { id } of [running[1], high])
    expect(await become(id, 'completed', 'failed')).toMatchObject({ status: 'completed' });
  a.open();
});

describe('requests', () => {
  const good = { agentName: 'agent', prompt: 'hello' };

  test.each([
    [{ prompt: 'x' }, 'agentName: is missing'],
    [{ agentName: 'agent' }, 'prompt: is missing'],
    [{ ...good, prompt: '' }, 'prompt: must have at least 1 character'],
    [{ ...good, prompt: 'x'.repeat(500_001) }, 'prompt: must have at most 500000 characters'],
    [{ ...good, priority: -1 }, 'priority: must be at least 0'],
    [{ ...good, priority: 1.5 }, 'priority: must be a whole number, not 1.5'],
    [{ ...good, maxRetries: -1 }, 'maxRetries: must be at least 0'],
    [{ ...good, sessionId: 'x' }, 'sessionId: must be a UUID'],
  ])('%j is refused', async (body, error) => {
    const response = await use.ash.call('POST', '/api/queue', { body });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'validation_failed', error }]);
  });

  test('a session of another agent is refused', async () => {
    const { ash } = use;
    const { id: sessionId } = await ash.session();
    const response = await ash.call('POST', '/api/queue', { body: { ...good, agentName: 'other', sessionId } });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'validation_failed' }]);
  });

  test.each(['limit=0', 'limit=501', 'status=done', 'limit=x'])('a list with %s is refused', async (query) => {
    expect(await failure(await use.ash.call('GET', `/api/queue?${query}`))).toEqual([400, 'validation_failed']);
  });

  test('ids that are none, and ids of nothing', async () => {
    const { ash } = use;
    for (const method of ['GET', 'DELETE']) {
      expect(await failure(await ash.call(method, '/api/queue/x'))).toEqual([400, 'validation_failed']);
      const missing = await ash.call(method, `/api/queue/${newId()}`);
      expect(await failure(missing)).toEqual([404, 'queue_item_not_found']);
    }
  });

  test('the same idempotency key queues once', async () => {
    const { ash } = use;
    const headers = { 'idempotency-key': newId() };
    const post = (prompt: string) => ash.call('POST', '/api/queue', { body: { ...good, prompt }, headers });
    const { item } = (await (await post('hi')).json()) as { item: QueueItem };
    const again = await post('hi');
    expect([again.status, await again.json()]).toMatchObject([201, { item: { id: item.id } }]);
    expect(await failure(await post('ho'))).toEqual([422, 'idempotency_key_reused']);
    await become(item.id, 'completed');
  });

  test('items of another tenant are missing ones, and so are its sessions', async () => {
    const { ash } = use;
    const { id } = await ash.client.enqueue('nobody', 'hello', { maxRetries: 0 });
    const key = await otherKey(ash);
    const call = async (method: string, path: string, body?: object) =>
      failure(await ash.call(method, path, { key, body }));
    expect(await call('GET', `/api/queue/${id}`)).toEqual([404, 'queue_item_not_found']);
    expect(await call('DELETE', `/api/queue/${id}`)).toEqual([404, 'queue_item_not_found']);
    const { id: sessionId } = await ash.session();
    expect(await call('POST', '/api/queue', { ...good, sessionId })).toEqual([404, 'session_not_found']);
    const other = ash.clientOf(() => key);
    expect(await other.listQueueItems()).toEqual([]);
    const none = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
    expect(await other.getQueueStats()).toEqual(none);
    // Its own items find its own agents only.
    const item = await other.enqueue('agent', 'hello', { maxRetries: 0 });
    await until(async () => (await other.getQueueItem(item.id)).status === 'failed');
    expect(await other.getQueueItem(item.id)).toMatchObject({
      tenantId: expect.stringMatching(/^tenant-/),
      error: 'Agent "agent" not found',
    });
    const stats = await ash.call('GET', '/api/queue/stats', { key });
    expect([stats.status, await stats.json()]).toEqual([200, { stats: { ...none, failed: 1 } }]);
  });

  test('lists are newest first, by status and up to a limit', async () => {
    const { ash } = use;
    const enqueue = (prompt: string) => ash.client.enqueue('nobody', prompt, { maxRetries: 0 });
    const [one, two] = [await enqueue('1'), await enqueue('2')];
    for (const { id } of [one, two]) await become(id, 'failed');
    const ids = async (query = '') => {
      const { items } = (await (await ash.call('GET', `/api/queue${query}`)).json()) as { items: QueueItem[] };
      return items.map(({ id }) => id);
    };
    expect((await ids()).slice(0, 2)).toEqual([two.id, one.id]);
    expect(await ids('?limit=1')).toEqual([two.id]);
    expect((await ids('?status=failed')).slice(0, 2)).toEqual([two.id, one.id]);
    expect(await ids('?status=completed')).not.toContain(one.id);
    expect((await ash.client.getQueueStats()).failed).toBeGreaterThanOrEqual(2);
  });

  test('a prompt survives whatever it holds', async () => {
    const prompt = '"quoted" \\ \n\t\u202e 🦉 \ud800 é'.repeat(1000);
    const { id } = await use.ash.client.enqueue('nobody', prompt, { maxRetries: 0 });
    expect((await become(id, 'failed')).prompt).toBe(prompt);
  });
});

describe('a server that dies', () => {
  test('in the middle of an item goes on with it, once', async () => {
    const { ash } = use;
    const step = { tools: [{ name: 'Bash', input: { command: 'echo run >> marks' } }] };
    const mark = newId();
    const gate = ash.gate.hold(mark, 1);
    const { id } = await ash.client.enqueue('agent', `${mark} ${script(step, 'all done')}`);
    await gate.reached;
    await ash.kill();
    gate.open();
    await ash.start();
    const item = await become(id, 'completed', 'failed');
    expect(item).toMatchObject({ status: 'completed', retryCount: 0, error: null });
    expect(await said(item.sessionId)).toContain('all done');
    const turns = ash.rows('select * from turns where session_id = ?', item.sessionId ?? '');
    expect(turns).toMatchObject([{ id: item.turnId, status: 'completed' }]);
    const exec = ash.rows<{ n: number }>(
      "select count(*) as n from usage_events where event_type = 'tool_call' and session_id = ?",
      item.sessionId ?? '',
    );
    expect(exec).toEqual([{ n: 1 }]);
  });

  test('after the turn, before the item is told of it', async () => {
    const { ash } = use;
    const { id } = await ash.client.enqueue('agent', 'hello');
    const item = await become(id, 'completed');
    await ash.kill();
    {
      using database = new DatabaseSync(join(ash.dataDir, 'ash.db'));
      const changes = `status = 'processing', completed_at = null, claimed_by = 'dead', lease_until = '2999'`;
      database.prepare(`update queue_items set ${changes} where id = ?`).run(id);
    }
    await ash.start();
    expect(await become(id, 'completed')).toMatchObject({ turnId: item.turnId, retryCount: 0 });
    expect(ash.rows('select * from turns where session_id = ?', item.sessionId ?? '')).toHaveLength(1);
  });

  test('while the agent waits for an approval goes on with that turn, however long ago it was started', async () => {
    const { ash } = use;
    const { client } = ash;
    const { id: sessionId } = await client.createSession('agent', { permissionMode: 'default' });
    const prompt = script({ tools: [{ name: 'Bash', input: { command: 'echo run >> marks' } }] }, 'all done');
    const { id } = await client.enqueue('agent', prompt, { sessionId });
    await until(async () => (await client.listApprovals(sessionId)).length === 1);
    const { turnId } = await client.getQueueItem(id);
    expect(await ash.stop()).toBe(0);
    // As after more than a week.
    ash.change('delete from idempotency_keys');
    await ash.start();
    const [approval] = await client.listApprovals(sessionId, { status: 'pending' });
    await client.answerApproval(sessionId, approval?.id ?? '', { decision: 'allow' });
    expect(await become(id, 'completed', 'failed')).toMatchObject({ status: 'completed', turnId, retryCount: 0 });
    expect(ash.rows('select * from turns where session_id = ?', sessionId)).toHaveLength(1);
  });
});
