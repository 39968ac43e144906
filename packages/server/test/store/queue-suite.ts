/** Conformance: the queue. */
import { newId } from '@ash-ai/shared';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import * as queue from '../../src/store/queue.ts';
import { type Backend, opened } from './backend.ts';
import { upTo } from './backend-rows.ts';

const second = (n: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, n)).toISOString();

type Fields = Partial<Parameters<typeof queue.insert>[1]>;

async function stored(store: Store, id: string, fields: Fields = {}): Promise<queue.QueueItemRow> {
  const item = { tenantId: 'default', sessionId: null, agentName: 'a', prompt: 'p', priority: 0, maxRetries: 3 };
  return await store.write((tx) => queue.insert(tx, { ...item, createdAt: second(0), ...fields, id }));
}

/** Claims for ten seconds from second `n` on. */
function claim(store: Store, n: number, holder = 'one'): Promise<queue.QueueItemRow | undefined> {
  return store.write((tx) => queue.claim(tx, { holder, at: second(n), leaseUntil: second(n + 10) }));
}

function update(store: Store, id: string, patch: Parameters<typeof queue.update>[1]['patch'], holder = 'one') {
  return store.write((tx) => queue.update(tx, { id, holder, patch }));
}

export function queueSuite({ dialect, fresh }: Backend): void {
  describe('queue', () => {
    test('a new item comes back whole, whatever its prompt holds, and only to its tenant', async () => {
      const store = await opened(fresh());
      const prompt = 'odd: \0 \ud800 "quotes"\n🦉';
      const item = await stored(store, 'q', { tenantId: 'acme', prompt, priority: 2, maxRetries: 0, sessionId: 's' });
      expect(item).toEqual({
        id: 'q',
        tenantId: 'acme',
        sessionId: 's',
        agentName: 'a',
        prompt,
        status: 'pending',
        priority: 2,
        retryCount: 0,
        maxRetries: 0,
        error: null,
        retryAfter: null,
        leaseUntil: null,
        claimedBy: null,
        turnId: null,
        createdAt: second(0),
        startedAt: null,
        completedAt: null,
      });
      expect(await queue.get(store.db, 'acme', 'q')).toEqual(item);
      expect(await queue.get(store.db, 'default', 'q')).toBeUndefined();
      const foreign = { tenantId: 'default', id: 'q', at: second(1) };
      expect(await store.write((tx) => queue.cancel(tx, foreign))).toBeUndefined();
    });

    test('lists are newest first, counts are by tenant or over all', async () => {
      const store = await opened(fresh());
      for (const n of upTo(3)) await stored(store, `q${n}`, { createdAt: second(n) });
      await stored(store, 'other', { tenantId: 'acme' });
      await store.write((tx) => queue.cancel(tx, { tenantId: 'default', id: 'q1', at: second(5) }));
      const ids = async (filter?: Parameters<typeof queue.list>[2]) =>
        (await queue.list(store.db, 'default', filter)).map(({ id }) => id);
      expect(await ids()).toEqual(['q2', 'q1', 'q0']);
      expect(await ids({ limit: 1 })).toEqual(['q2']);
      expect(await ids({ status: 'cancelled' })).toEqual(['q1']);
      const none = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
      expect(await queue.countByStatus(store.db, 'default')).toEqual({ ...none, pending: 2, cancelled: 1 });
      expect(await queue.countByStatus(store.db)).toEqual({ ...none, pending: 3, cancelled: 1 });
      expect(await queue.countByStatus(store.db, 'nobody')).toEqual(none);
    });

    test('the highest priority goes first, then the oldest; what waits for its retry is left', async () => {
      const store = await opened(fresh());
      await stored(store, 'young', { createdAt: second(2) });
      await stored(store, 'old', { createdAt: second(1) });
      await stored(store, 'urgent', { createdAt: second(3), priority: 1 });
      expect(await claim(store, 4)).toMatchObject({ id: 'urgent', status: 'processing', startedAt: second(4) });
      const later = { status: 'pending' as const, retryAfter: second(6), claimedBy: null };
      expect(await update(store, 'urgent', later)).toMatchObject({ status: 'pending' });
      expect((await claim(store, 5))?.id).toBe('old');
      expect((await claim(store, 6))?.id).toBe('urgent');
      expect((await claim(store, 6))?.id).toBe('young');
      expect(await claim(store, 6)).toBeUndefined();
    });

    test('a cancelled item is not claimed, a claimed one not cancelled', async () => {
      const store = await opened(fresh());
      await stored(store, 'q');
      const cancel = (id: string) => store.write((tx) => queue.cancel(tx, { tenantId: 'default', id, at: second(2) }));
      expect(await cancel('q')).toMatchObject({ status: 'cancelled', completedAt: second(2) });
      expect(await claim(store, 1)).toBeUndefined();
      await stored(store, 'r');
      await claim(store, 1);
      expect(await cancel('r')).toBeUndefined();
    });

    test('items of one session go one after another', async () => {
      const store = await opened(fresh());
      for (const id of ['a', 'b']) await stored(store, id, { sessionId: 's' });
      await stored(store, 'c');
      expect((await claim(store, 1))?.id).toBe('a');
      expect((await claim(store, 1))?.id).toBe('c');
      expect(await claim(store, 1)).toBeUndefined();
      await update(store, 'a', { status: 'completed' });
      expect((await claim(store, 2))?.id).toBe('b');
    });

    test('a lease that has run out passes the item on, and its old holder changes it no more', async () => {
      const store = await opened(fresh());
      await stored(store, 'q');
      await claim(store, 1);
      await update(store, 'q', { sessionId: 's', turnId: 't' });
      expect(await claim(store, 11, 'two')).toBeUndefined();
      const renewed = await store.write((tx) => queue.renew(tx, { holder: 'one', leaseUntil: second(20) }));
      expect(renewed).toEqual(['q']);
      expect(await claim(store, 12, 'two')).toBeUndefined();
      const taken = await claim(store, 21, 'two');
      expect(taken).toMatchObject({ claimedBy: 'two', sessionId: 's', turnId: 't', startedAt: second(1) });
      expect(await update(store, 'q', { status: 'completed' })).toBeUndefined();
      expect(await store.write((tx) => queue.renew(tx, { holder: 'one', leaseUntil: second(40) }))).toEqual([]);
      await store.write((tx) => queue.expireLeases(tx, 'one'));
      expect(await claim(store, 22)).toBeUndefined();
      await store.write((tx) => queue.expireLeases(tx));
      expect((await claim(store, 22))?.id).toBe('q');
    });

    test('a turn belongs to its attempt: the next one has none at first', async () => {
      const store = await opened(fresh());
      await stored(store, 'q');
      await claim(store, 1);
      await update(store, 'q', { sessionId: 's', turnId: 't' });
      await update(store, 'q', { status: 'pending', retryCount: 1, claimedBy: null, leaseUntil: null });
      expect(await queue.get(store.db, 'default', 'q')).toMatchObject({ turnId: 't' });
      expect(await claim(store, 2)).toMatchObject({ sessionId: 's', turnId: null, startedAt: second(2) });
    });

    test('the sweep forgets what ended before an instant, some at a time, and nothing that has not ended', async () => {
      const store = await opened(fresh());
      const idAt = (n: number): string => newId(Date.parse(second(n)));
      const ids = upTo(5).map(idAt);
      for (const [n, id] of ids.entries()) await stored(store, id, { createdAt: second(n) });
      for (const [n, id] of ids.slice(0, 3).entries()) {
        await store.write((tx) => queue.cancel(tx, { tenantId: 'default', id, at: second(n === 0 ? 30 : 10) }));
      }
      const sweep = (before: string, limit: number) => store.write((tx) => queue.sweep(tx, { before, limit }));
      expect(await sweep(second(10), 9)).toBe(0);
      expect(await sweep(second(20), 1)).toBe(1);
      expect((await queue.list(store.db, 'default')).map(({ id }) => id)).toEqual([4, 3, 2, 0].map((n) => ids[n]));
      expect(await sweep(second(20), 9)).toBe(1);
      expect(await sweep(second(31), 9)).toBe(1);
      expect(await queue.countByStatus(store.db)).toMatchObject({ pending: 2, cancelled: 0 });
    });

    test('a clock that jumps past a lease does not give an item to its holder again', async () => {
      const store = await opened(fresh());
      await stored(store, 'q');
      expect(await claim(store, 1)).toMatchObject({ id: 'q' });
      expect(await claim(store, 5000)).toBeUndefined();
      expect(await claim(store, 5000, 'two')).toMatchObject({ id: 'q' });
    });

    test('racing claims give each item to one holder', async () => {
      const options = await fresh();
      // SQLite has one server a database; on PostgreSQL there are several.
      const stores = [await opened(options), ...(dialect === 'postgres' ? [await opened(options)] : [])];
      const [first] = stores as [Store];
      for (const n of upTo(30)) await stored(first, `q${n}`);
      const claims = upTo(40).map((n) => claim(stores[n % stores.length] ?? first, 1, `holder ${n}`));
      const ids = (await Promise.all(claims)).flatMap((item) => (item === undefined ? [] : [item.id]));
      expect(new Set(ids).size).toBe(30);
      expect(ids).toHaveLength(30);
      expect(await queue.countByStatus(first.db)).toMatchObject({ pending: 0, processing: 30 });
    });
  });
}
