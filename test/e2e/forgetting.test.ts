/** What was kept for a while is forgotten when its time is over, and nothing else is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { say } from './streams.ts';

const use = useAsh();
const daysAgo = (days: number): string => new Date(Date.now() - days * 24 * 60 * 60_000).toISOString();

test('queue items, usage, keys, and files and attachments of ended sessions', async () => {
  const { ash } = use;
  const { client } = ash;
  const items = [await client.enqueue('agent', 'Hello!'), await client.enqueue('agent', 'Hello!')];
  for (const { id } of items) await until(async () => (await client.getQueueItem(id)).status === 'completed');
  const [old, young] = await Promise.all(items.map(({ id }) => client.getQueueItem(id)));
  if (!old?.sessionId || !young?.sessionId) throw new Error('no session');
  for (const { sessionId } of [old, young]) {
    await client.uploadAttachment(sessionId ?? '', 'notes.txt', Buffer.from('notes'));
    await client.endSession(sessionId ?? '');
  }
  const { id: going } = await ash.session();
  await say(ash, going, 'Hello!');
  await client.uploadAttachment(going, 'notes.txt', Buffer.from('notes'));
  const { totalMessages } = await client.getUsageStats();
  const ofOld = await client.getUsageStats({ sessionId: old.sessionId });
  expect(await ash.stop()).toBe(0);

  const oldId = newId(Date.parse(daysAgo(91)));
  ash.change('update queue_items set id = ?, completed_at = ? where id = ?', oldId, daysAgo(91), old.id);
  for (const { id } of ash.rows<{ id: string }>('select id from usage_events where session_id = ?', old.sessionId)) {
    const made = daysAgo(731);
    ash.change('update usage_events set id = ?, created_at = ? where id = ?', newId(Date.parse(made)), made, id);
  }
  ash.change('update idempotency_keys set created_at = ? where key like ?', daysAgo(8), `queue:${old.id}%`);
  ash.change('update sessions set ended_at = ? where id = ?', daysAgo(366), old.sessionId);
  const keys = () => ash.rows('select key from idempotency_keys').length;
  const before = keys();
  await ash.start();

  await until(async () => (await client.listQueueItems()).length === 1);
  await until(async () => !existsSync(join(ash.dataDir, 'snapshots', old.sessionId ?? '')));
  await until(async () => !existsSync(join(ash.dataDir, 'attachments', old.sessionId ?? '')));
  expect((await client.listQueueItems()).map(({ id }) => id)).toEqual([young.id]);
  await until(async () => (await client.getUsageStats({ sessionId: old.sessionId ?? '' })).totalMessages === 0);
  expect((await client.getUsageStats()).totalMessages).toBe(totalMessages - ofOld.totalMessages);
  expect(keys()).toBe(before - 2);
  expect(await client.listAttachments(old.sessionId)).toEqual([]);
  expect(await client.listAttachments(young.sessionId)).toHaveLength(1);
  expect(await client.listAttachments(going)).toHaveLength(1);
  // The log stays.
  expect(await client.listMessages(old.sessionId)).not.toEqual([]);
});
