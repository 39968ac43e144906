/** The ceiling over model calls of a tenant's sessions together: all of them are held, also new ones, and nobody else. */
import { expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { say } from './streams.ts';

const use = useAsh({ env: { ASH_TENANT_MODEL_CALLS_PER_MINUTE: '2' } });

test('a minute that has had its calls has no more of them for any session of the tenant', async () => {
  const { ash } = use;
  const [one, another] = [await ash.session(), await ash.session()];
  expect(await say(ash, one.id, 'Hello')).toMatchObject({ status: 'completed' });
  expect(await say(ash, another.id, 'Hello')).toMatchObject({ status: 'completed' });

  const fresh = await ash.session();
  for (const { id } of [one, another, fresh]) {
    const { status, error } = await say(ash, id, 'Hello again');
    expect([status, error]).toEqual(['failed', expect.objectContaining({ code: 'model_rate_limit_reached' })]);
  }

  const key = ash.keyOf('another');
  const made = await ash.call('POST', '/api/agents', {
    key,
    body: { name: 'theirs', systemPrompt: 'You are theirs.' },
  });
  expect(made.status).toBe(201);
  const opened = await ash.call('POST', '/api/sessions', { key, body: { agent: 'theirs' } });
  const { session } = (await opened.json()) as { session: { id: string } };
  expect(await say(ash, session.id, 'Hello', { key })).toMatchObject({ status: 'completed' });
});
