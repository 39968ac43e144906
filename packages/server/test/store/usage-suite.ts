/** Conformance: usage. */
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import * as usage from '../../src/store/usage.ts';
import { type Backend, opened } from './backend.ts';
import { upTo } from './backend-rows.ts';

const minute = (n: number): string => new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();

async function stored(store: Store, rows: Partial<usage.UsageRow>[]): Promise<void> {
  const row = { tenantId: 'default', sessionId: 's', agentName: 'a', eventType: 'tool_call', value: 1 };
  const whole = rows.map((given, n) => ({ ...row, id: `${1000 + n}`, createdAt: minute(n), ...given }));
  await store.write((tx) => usage.insert(tx, whole));
}

export function usageSuite({ fresh }: Backend): void {
  describe('usage', () => {
    test('is listed newest first and only to its tenant, by session, agent and time', async () => {
      const store = await opened(fresh());
      await stored(store, [{}, { sessionId: 't' }, { agentName: 'b' }, { tenantId: 'acme' }, { createdAt: minute(2) }]);
      const ids = async (filter: Parameters<typeof usage.list>[2], tenantId = 'default') =>
        (await usage.list(store.db, tenantId, filter)).map(({ id }) => Number(id) - 1000);
      expect(await ids({})).toEqual([4, 2, 1, 0]);
      expect(await ids({ limit: 2 })).toEqual([4, 2]);
      expect(await ids({}, 'acme')).toEqual([3]);
      expect(await ids({ sessionId: 't' })).toEqual([1]);
      expect(await ids({ agentName: 'b' })).toEqual([2]);
      expect(await ids({ after: minute(1), before: minute(1) })).toEqual([1]);
      expect(await ids({ after: minute(2) })).toEqual([4, 2]);
      expect(await ids({ before: minute(1) })).toEqual([1, 0]);
    });

    test('the sweep forgets amounts from before an instant, of all tenants, some at a time', async () => {
      const store = await opened(fresh());
      const at = (n: number) => ({ id: newId(Date.parse(minute(n))), createdAt: minute(n) });
      await stored(store, [at(0), { ...at(1), tenantId: 'acme' }, at(2), at(3)]);
      const sweep = (limit: number) => store.write((tx) => usage.sweep(tx, { before: minute(3), limit }));
      expect([await sweep(2), await sweep(2), await sweep(2)]).toEqual([2, 1, 0]);
      expect(await usage.totals(store.db, 'default')).toEqual({ tool_call: 1 });
      expect(await usage.totals(store.db, 'acme')).toEqual({});
    });

    test('sums keep fractions, and any number of rows is stored', async () => {
      const store = await opened(fresh());
      const cost = { eventType: 'cost_usd', value: 0.1 };
      await stored(store, [cost, { ...cost, value: 0.25 }, ...upTo(250).map(() => ({})), { tenantId: 'acme' }]);
      expect(await usage.totals(store.db, 'default')).toEqual({ cost_usd: 0.35, tool_call: 250 });
      expect(await usage.totals(store.db, 'default', { before: minute(0) })).toEqual({ cost_usd: 0.1 });
      expect(await usage.totals(store.db, 'nobody')).toEqual({});
      await store.write((tx) => usage.insert(tx, []));
    });
  });
}
