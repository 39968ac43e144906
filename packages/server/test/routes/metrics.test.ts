/** GET /metrics of a real server. */
import { expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { Reader, say } from '../../../../test/e2e/streams.ts';

const use = useAsh();

/** The samples, by name and labels. */
async function scrape(): Promise<Map<string, number>> {
  const response = await use.ash.call('GET', '/metrics', { key: undefined });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const line of lines) expect(line).toMatch(/^[a-z_]+(\{([a-z]+="[^"]*",?)+\})? -?[\d.e+-]+$/);
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

test('it has the metrics of the contract, and needs no key', async () => {
  const metrics = await scrape();
  const names = [...metrics.keys()].map((name) => name.replace(/coordinator="[^"]+"/, 'coordinator=""'));
  expect(names).toEqual(
    expect.arrayContaining([
      'ash_up{coordinator=""}',
      'ash_uptime_seconds',
      'ash_active_sessions',
      'ash_active_sandboxes',
      ...['cold', 'warming', 'warm', 'waiting', 'running'].map((state) => `ash_pool_sandboxes{state="${state}"}`),
      'ash_pool_max_capacity',
      ...['warm', 'cold', 'prewarm'].map((path) => `ash_resume_total{path="${path}"}`),
      ...['local', 'cloud', 'fresh'].map((source) => `ash_resume_cold_total{source="${source}"}`),
    ]),
  );
});

test('it tells what goes on', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'hello');
  await ash.client.enqueue('nobody', 'hello', { maxRetries: 0 });
  const gate = ash.gate.hold('wait for me');
  const reader = await Reader.send(ash, id, 'wait for me');
  await gate.reached;
  const during = await scrape();
  expect(during.get('ash_streams_open')).toBe(1);
  expect(during.get('ash_turns_unfinished{status="running"}')).toBe(1);
  expect(during.get('ash_pool_sandboxes{state="running"}')).toBe(1);
  expect(during.get('ash_active_sessions')).toBe(1);
  gate.open();
  await reader.rest();
  const after = await scrape();
  expect(after.get('ash_turns_total{outcome="completed"}')).toBe(2);
  expect(after.get('ash_log_append_seconds_count')).toBe(after.get('ash_log_append_seconds_bucket{le="+Inf"}'));
  expect(after.get('ash_log_append_seconds_count')).toBeGreaterThan(4);
  const queued = [...after].filter(([name]) => name.startsWith('ash_queue_items')).map(([, value]) => value);
  expect(queued.reduce((sum, value) => sum + value)).toBe(1);
});

test('it is no part of the API reference', async () => {
  const { paths } = (await (await use.ash.call('GET', '/docs/json')).json()) as { paths: object };
  expect(paths).not.toHaveProperty('/metrics');
});
