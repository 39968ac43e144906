/** Usage over HTTP, of real turns. */
import { script } from '@ash-ai/scripted-model';
import type { UsageEvent } from '@ash-ai/sdk';
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { Reader, say } from '../../../../test/e2e/streams.ts';
import { env, failure, otherKey } from './tenant.ts';

const use = useAsh({ env, expectedErrors: /SIGKILL/ });

const bash = { tools: [{ name: 'Bash', input: { command: 'true' } }] };

/** What the runtime reported with each result of a session. */
function results(sessionId: string) {
  const rows = use.ash.rows<{ data: string }>(
    `select data from log_entries where session_id = ? and type = 'message' order by seq`,
    sessionId,
  );
  type Result = { type: string; total_cost_usd: number; usage: { input_tokens: number; output_tokens: number } };
  return rows.map(({ data }) => JSON.parse(data) as Result).filter(({ type }) => type === 'result');
}

/** The values of a session's events of a type, oldest first. */
async function values(sessionId: string, eventType: UsageEvent['eventType']): Promise<number[]> {
  const events = await use.ash.client.listUsageEvents({ sessionId, limit: 1000 });
  return events
    .filter((event) => event.eventType === eventType)
    .map(({ value }) => value)
    .reverse();
}

test('a turn is written down once: tokens, tool calls, time, cost', async () => {
  const { ash } = use;
  const { id: sessionId } = await ash.session();
  await say(ash, sessionId, script({ tools: [...bash.tools, ...bash.tools] }, bash, 'done'));
  const [result] = results(sessionId);
  const response = await ash.call('GET', `/api/usage?sessionId=${sessionId}`);
  expect(response.status).toBe(200);
  const { events } = (await response.json()) as { events: UsageEvent[] };
  for (const event of events) {
    expect(event).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      tenantId: 'default',
      sessionId,
      agentName: 'agent',
      eventType: expect.any(String),
      value: expect.any(Number),
      createdAt: expect.stringMatching(/Z$/),
    });
  }
  const types = events.map(({ eventType }) => eventType).sort();
  const calls = ['tool_call', 'tool_call', 'tool_call'];
  expect(types).toEqual(['compute_seconds', 'cost_usd', 'input_tokens', 'message', 'output_tokens', ...calls]);
  const stats = await ash.call('GET', `/api/usage/stats?sessionId=${sessionId}`);
  const turn = ash.rows<{ started_at: string; ended_at: string }>(
    'select * from turns where session_id = ?',
    sessionId,
  )[0];
  const seconds = (Date.parse(turn?.ended_at ?? '') - Date.parse(turn?.started_at ?? '')) / 1000;
  expect(await stats.json()).toEqual({
    stats: {
      totalInputTokens: result?.usage.input_tokens,
      totalOutputTokens: result?.usage.output_tokens,
      totalCacheCreationTokens: 0,
      totalCacheReadTokens: 0,
      totalToolCalls: 3,
      totalMessages: 1,
      totalComputeSeconds: seconds,
      totalCostUsd: result?.total_cost_usd,
    },
  });
});

test('costs are those of each turn, over a sleep and a restart of the server', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'hello');
  await say(ash, id, script(bash, 'done'));
  await ash.client.pauseSession(id);
  await ash.client.resumeSession(id);
  await say(ash, id, 'hello');
  await ash.stop();
  await ash.start();
  await say(ash, id, 'hello');
  const totals = results(id).map((result) => result.total_cost_usd);
  const costs = totals.map((total, index) => total - (totals[index - 1] ?? 0));
  expect(costs).toHaveLength(4);
  expect(Math.min(...costs)).toBeGreaterThan(0);
  expect(await values(id, 'cost_usd')).toEqual(costs);
});

test('a runtime that is killed takes its running total along, but not the cost of a turn', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'hello');
  await say(ash, id, 'hello');
  process.kill(ash.bridgePid(id), 'SIGKILL');
  await say(ash, id, 'hello');
  const costs = await values(id, 'cost_usd');
  expect(costs).toHaveLength(3);
  const tokens = await values(id, 'input_tokens');
  const prices = costs.map((cost, index) => cost / (tokens[index] ?? 0));
  for (const price of prices) expect(price).toBeCloseTo(prices[0] ?? 0, 7);
});

test('a fork pays for its own turns only, whether the totals of its original came along or not', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'hello');
  await say(ash, id, 'hello');
  const fork = async () => {
    const response = await ash.call('POST', `/api/sessions/${id}/fork`, { body: {} });
    return ((await response.json()) as { session: { id: string } }).session.id;
  };
  const ofLive = await fork();
  await ash.client.pauseSession(id);
  for (const child of [ofLive, await fork()]) {
    await ash.client.resumeSession(child);
    await say(ash, child, 'hello');
    const [cost, ...more] = await values(child, 'cost_usd');
    const [parents] = await values(id, 'cost_usd');
    expect(more).toEqual([]);
    expect(cost).toBeCloseTo(parents ?? 0, 3);
  }
});

test('frames that come again after the death of the server count once', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const mark = newId();
  const gate = ash.gate.hold(mark, 1);
  const reader = await Reader.send(ash, id, `${mark} ${script(bash, bash, 'done')}`);
  await gate.reached;
  await ash.kill();
  // The rest of the turn waits in the bridge's spool for the next server.
  gate.open();
  await reader.rest();
  await ash.start();
  await (await Reader.follow(ash, id, { turnId: reader.events[0]?.data.turnId })).rest();
  const [result] = results(id);
  expect(await values(id, 'tool_call')).toEqual([1, 1]);
  expect(await values(id, 'message')).toEqual([1]);
  expect(await values(id, 'input_tokens')).toEqual([result?.usage.input_tokens]);
  expect(await values(id, 'cost_usd')).toEqual([result?.total_cost_usd]);
  expect(await values(id, 'compute_seconds')).toHaveLength(1);
});

test('a turn without a result has its time and its tool calls', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const mark = newId();
  const gate = ash.gate.hold(mark, 1);
  const reader = await Reader.send(ash, id, `${mark} ${script(bash, 'done')}`);
  await gate.reached;
  await ash.client.stopSession(id);
  expect((await reader.turn()).status).toBe('interrupted');
  gate.open();
  await ash.client.resumeSession(id);
  const events = await ash.client.listUsageEvents({ sessionId: id });
  expect(events.map(({ eventType }) => eventType).sort()).toEqual(['compute_seconds', 'tool_call']);
  expect((await say(ash, id, 'hello')).status).toBe('completed');
});

describe('filters', () => {
  test('by agent, by time (both ends inclusive, any offset), up to a limit', async () => {
    const { ash } = use;
    const all = await ash.client.listUsageEvents({ limit: 1000 });
    const [newest] = all;
    const oldest = all.at(-1);
    const after = newest?.createdAt ?? '';
    const local = new Date(Date.parse(after) + 3_600_000).toISOString().replace('Z', '+01:00');
    const same = all.filter(({ createdAt }) => createdAt === after);
    expect(await ash.client.listUsageEvents({ after, limit: 1000 })).toEqual(same);
    expect(await ash.client.listUsageEvents({ after: local, limit: 1000 })).toEqual(same);
    const before = oldest?.createdAt ?? '';
    expect(await ash.client.listUsageEvents({ before, limit: 1000 })).toContainEqual(oldest);
    expect(await ash.client.listUsageEvents({ after, before })).toEqual([]);
    expect(await ash.client.listUsageEvents({ agentName: 'agent', limit: 2 })).toEqual(all.slice(0, 2));
    expect(await ash.client.listUsageEvents({ agentName: 'other' })).toEqual([]);
    const stats = await ash.client.getUsageStats({ after: '2999-01-01T00:00:00Z' });
    expect(Object.values(stats)).toEqual(Array(8).fill(0));
  });

  test.each([
    'limit=0',
    'limit=1001',
    'after=yesterday',
    'before=2026-13-01T00:00:00Z',
    'sessionId=x',
    'after=2026-01-01',
  ])('%s is refused', async (query) => {
    expect(await failure(await use.ash.call('GET', `/api/usage?${query}`))).toEqual([400, 'validation_failed']);
  });

  test('another tenant sees nothing of it', async () => {
    const { ash } = use;
    const key = await otherKey(ash);
    const other = ash.clientOf(() => key);
    const { id: sessionId } = await ash.session();
    expect(await other.listUsageEvents({ sessionId })).toEqual([]);
    expect(await other.listUsageEvents()).toEqual([]);
    expect(Object.values(await other.getUsageStats())).toEqual(Array(8).fill(0));
  });
});
