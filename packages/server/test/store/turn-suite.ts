/** Conformance: turns are numbered densely, at most one of a session runs, each ends once. */
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import * as turns from '../../src/store/turns.ts';
import { type Backend, opened } from './backend.ts';
import { AT, newSession, upTo } from './backend-rows.ts';

const queue = (store: Store, sessionId: string, id: string) =>
  store.write((tx) =>
    turns.insertQueued(tx, { id, tenantId: 'default', sessionId, input: { text: id }, acceptedSeq: 1, createdAt: AT }),
  );
const start = (store: Store, id: string) => store.write((tx) => turns.setRunning(tx, { id, startedSeq: 2, at: AT }));

export function turnSuite({ fresh }: Backend): void {
  describe('turns', () => {
    test('concurrent turns of a session get dense ordinals and are taken in order', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      const rows = await Promise.all(upTo(20).map((n) => queue(store, sessionId, `turn-${n}`)));
      expect(rows.map(({ ordinal }) => ordinal).sort((a, b) => a - b)).toEqual(upTo(20).map((n) => n + 1));
      expect(await turns.countQueued(store.db, sessionId)).toBe(20);
      const next = await turns.nextQueued(store.db, sessionId);
      expect(next).toMatchObject({ ordinal: 1, status: 'queued', options: {}, startedSeq: null });
      expect(next?.input).toEqual({ text: next?.id });
      expect((await turns.list(store.db, sessionId, { after: 17 })).map(({ ordinal }) => ordinal)).toEqual([
        18, 19, 20,
      ]);
      await expect(queue(store, 'nobody', 'lost')).rejects.toThrow();
    });

    test('one turn of a session runs at a time, and a turn starts once', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      await queue(store, sessionId, 'one');
      await queue(store, sessionId, 'two');
      const started = await Promise.all(upTo(6).map(() => start(store, 'one')));
      expect(started.filter((turn) => turn !== undefined)).toHaveLength(1);
      expect(await start(store, 'two')).toBeUndefined();
      expect(await turns.running(store.db, sessionId)).toMatchObject({ id: 'one', startedSeq: 2, startedAt: AT });
      expect(await turns.get(store.db, 'two')).toMatchObject({ status: 'queued' });
    });

    test('of two turns that start at the same moment one runs', async () => {
      const store = await opened(fresh());
      for (const n of upTo(10)) {
        const { id: sessionId } = await newSession(store);
        const ids = [`${n}-one`, `${n}-two`, `${n}-three`];
        for (const id of ids) await queue(store, sessionId, id);
        const started = await Promise.all(ids.map((id) => start(store, id)));
        expect(started.filter((turn) => turn !== undefined)).toHaveLength(1);
      }
    });

    test('a turn ends once, and only from the expected state', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      await queue(store, sessionId, 'one');
      const end = (status: turns.EndedStatus, errorCode?: string) =>
        store.write((tx) => turns.setEnded(tx, { id: 'one', status, endedSeq: 9, at: AT, errorCode, error: 'why' }));
      expect(await end('completed')).toBeUndefined();
      await start(store, 'one');
      expect(await end('failed', 'sandbox_lost')).toMatchObject({ status: 'failed', endedSeq: 9, error: 'why' });
      expect(await end('completed')).toBeUndefined();
      expect(await turns.get(store.db, 'one')).toMatchObject({ status: 'failed', errorCode: 'sandbox_lost' });
      expect(await turns.running(store.db, sessionId)).toBeUndefined();
    });

    test('queued turns can be cancelled together; recovery sees what is unfinished', async () => {
      const store = await opened(fresh());
      const a = await newSession(store, { id: 'session-a' });
      const b = await newSession(store, { id: 'session-b' });
      for (const id of ['a1', 'a2', 'a3']) await queue(store, a.id, id);
      await queue(store, b.id, 'b1');
      await start(store, 'a1');
      expect((await turns.listUnfinished(store.db)).map(({ id }) => id)).toEqual(['a1', 'a2', 'a3', 'b1']);
      const cancelled = await store.write((tx) => turns.cancelQueued(tx, { sessionId: a.id, at: AT, endedSeq: 5 }));
      expect(cancelled.map(({ id, status, endedSeq }) => [id, status, endedSeq])).toEqual([
        ['a2', 'interrupted', 5],
        ['a3', 'interrupted', 5],
      ]);
      expect((await turns.listUnfinished(store.db)).map(({ id }) => id)).toEqual(['a1', 'b1']);
    });

    test('the database itself refuses a second running turn', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      for (const id of ['one', 'two']) await queue(store, sessionId, id);
      const force = store.write((tx) => tx.updateTable('turns').set({ status: 'running' }).execute());
      await expect(force).rejects.toThrow();
    });
  });
}
