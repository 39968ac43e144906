/** How many spares are wanted: by what comes in, for what is likely, and none for what nobody asks for any more. */
import { expect, test } from 'vitest';
import { bridgeKey, Demand, type SparePolicy, staleMs } from '../../src/spares/demand.ts';
import { keyOf, type Shape } from '../../src/spares/shape.ts';

const shape: Shape = {
  ...{ tenantId: 'tenant', agentId: 'agent', agentName: 'agent', agentVersionId: 'version', sealed: null },
  ...{ model: null, config: null, settings: { agentVersion: 1, isolation: 'bubblewrap' } },
};
const minute = 60_000;

/** The numbers wanted by key, after arrivals at these instants. */
function wanted(policy: SparePolicy, arrivals: readonly number[], now: number, startMs = 1000): Record<string, number> {
  const demand = new Demand(policy);
  for (const at of arrivals) demand.note('key', shape, at);
  return Object.fromEntries(demand.wants(now, startMs).map(({ key, count }) => [key, count]));
}

test('asked for once, a bridge will do; twice, a runtime is worth its start', () => {
  expect(wanted('adaptive', [0], 1)).toEqual({ [bridgeKey]: 1 });
  expect(wanted('adaptive', [0, minute], minute)).toEqual({ key: 1, [bridgeKey]: 1 });
  const demand = new Demand('adaptive');
  demand.note('key', shape, 0, true);
  expect(demand.wants(1, 1000)[0]).toEqual({ key: 'key', shape, count: 1 });
});

test('as many are wanted as come in while one starts, and one', () => {
  const everySecond = Array.from({ length: 60 }, (_, second) => second * 1000);
  expect(wanted('adaptive', everySecond, minute, 1000).key).toBe(1);
  expect(wanted('adaptive', everySecond, minute, 3000).key).toBe(3);
  expect(wanted('adaptive', everySecond, 5 * minute, 3000).key).toBe(1);
});

test('a fixed number is that number; off is nothing at all', () => {
  expect(wanted(3, [0, 1], 2)).toEqual({ key: 3, [bridgeKey]: 3 });
  expect(wanted('off', [0, 1], 2)).toEqual({});
});

test('what nobody asks for any more is wanted no more', () => {
  expect(wanted('adaptive', [0, 1], staleMs)).toEqual({ key: 1, [bridgeKey]: 1 });
  expect(wanted('adaptive', [0, 1], staleMs + 1)).toEqual({});
  const demand = new Demand('adaptive');
  demand.note('key', shape, 0, true);
  demand.forget(({ agentName }) => agentName === 'agent');
  expect(demand.wants(1, 1000)).toEqual([]);
});

test('the shape asked for last comes first', () => {
  const demand = new Demand('adaptive');
  for (const key of ['a', 'b', 'a']) demand.note(key, shape, 0, true);
  expect(demand.wants(1, 1000).map(({ key }) => key)).toEqual(['a', 'b', bridgeKey]);
});

test('everything that a runtime is started with has its part in the key; what is secret has no key', () => {
  const variants: Shape[] = [
    shape,
    { ...shape, tenantId: 'another' },
    { ...shape, agentVersionId: 'another' },
    { ...shape, model: 'another' },
    { ...shape, config: { allowedTools: ['Bash'] } },
    ...(['systemPrompt', 'permissionMode', 'limits', 'egress', 'modelLimits'] as const).map((name) => ({
      ...shape,
      settings: { ...shape.settings, [name]: { another: name } as never },
    })),
  ];
  expect(new Set(variants.map(keyOf)).size).toBe(variants.length);
  expect(keyOf({ ...shape, sealed: 'sealed' })).toBeUndefined();
  expect(keyOf({ ...shape, settings: { ...shape.settings, credentialId: 'one' } })).toBeUndefined();
  expect(keyOf({ ...shape, settings: { ...shape.settings, systemPrompt: undefined } })).toBe(keyOf(shape));
});
