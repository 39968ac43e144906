/** Conformance: the log is dense, ordered, fenced by the lease and blind to repeated frames. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as log from '../../src/store/log.ts';
import * as sessions from '../../src/store/sessions.ts';
import { type Backend, opened } from './backend.ts';
import { AT, newSession, upTo } from './backend-rows.ts';

const entry = (data: unknown, type = 'message', turnId: string | null = null) => ({
  type,
  turnId,
  data,
  createdAt: AT,
});

export function logSuite({ fresh, dialect }: Backend): void {
  describe('log', () => {
    test('concurrent appends to several sessions give dense logs that replay what was appended', async () => {
      const store = await opened(fresh());
      const appends = fc.array(fc.tuple(fc.nat(3), fc.array(fc.jsonValue(), { minLength: 1, maxLength: 4 })), {
        minLength: 50,
        maxLength: 50,
      });
      await fc.assert(
        fc.asyncProperty(appends, async (list) => {
          const ids = await Promise.all(upTo(4).map(async () => (await newSession(store)).id));
          const expected = ids.map(() => new Map<number, unknown>());
          await Promise.all(
            list.map(async ([which, values]) => {
              const sessionId = ids[which] ?? '';
              const entries = values.map((value) => entry(value));
              const appended = await store.write((tx) => log.append(tx, { sessionId, epoch: 0, entries }));
              if (typeof appended === 'string') throw new Error(appended);
              expect(appended.lastSeq - appended.firstSeq + 1).toBe(values.length);
              for (const [index, value] of values.entries()) expected[which]?.set(appended.firstSeq + index, value);
            }),
          );
          for (const [which, sessionId] of ids.entries()) {
            const stored = await log.read(store.db, { sessionId });
            expect(stored.map(({ seq }) => seq)).toEqual(upTo(stored.length).map((n) => n + 1));
            expect(await log.lastSeq(store.db, sessionId)).toBe(stored.length);
            const replayed = new Map(stored.map(({ seq, data }) => [seq, data]));
            // JSON has no -0: compare what JSON makes of both.
            expect(JSON.stringify([...replayed])).toBe(
              JSON.stringify([...(expected[which] ?? [])].sort(([a], [b]) => a - b)),
            );
          }
        }),
        { numRuns: dialect === 'sqlite' ? 20 : 6 },
      );
    });

    test('reads pages, ranges, types and turns in ascending order', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      const entries = upTo(250).map((n) => entry({ n }, n % 2 ? 'odd' : 'even', n < 10 ? 'turn-1' : null));
      expect(await store.write((tx) => log.append(tx, { sessionId, entries }))).toEqual({ firstSeq: 1, lastSeq: 250 });
      const seqs = async (args: Omit<log.ReadLog, 'sessionId'>) =>
        (await log.read(store.db, { sessionId, ...args })).map(({ seq }) => seq);
      expect(await seqs({})).toEqual(upTo(250).map((n) => n + 1));
      expect(await seqs({ after: 248 })).toEqual([249, 250]);
      expect(await seqs({ after: 10, limit: 3 })).toEqual([11, 12, 13]);
      expect(await seqs({ after: 10, upTo: 12 })).toEqual([11, 12]);
      expect(await seqs({ types: ['odd'], limit: 2 })).toEqual([2, 4]);
      expect(await seqs({ types: [] })).toEqual([]);
      expect(await seqs({ turnId: 'turn-1', after: 8 })).toEqual([9, 10]);
      expect(await log.readText(store.db, { sessionId, limit: 1 })).toEqual([
        { sessionId, seq: 1, type: 'even', turnId: 'turn-1', dataText: '{"n":0}', createdAt: AT },
      ]);
    });

    test('data given as JSON text is stored as it is, and the append moves lastActiveAt', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      const createdAt = '2026-05-05T05:05:05.555Z';
      const entries = [{ type: 'message', createdAt, dataText: '{"a": 1.50}' }];
      await store.write((tx) => log.append(tx, { sessionId, entries }));
      expect((await log.readText(store.db, { sessionId }))[0]).toMatchObject({ dataText: '{"a": 1.50}', turnId: null });
      expect(await sessions.getById(store.db, sessionId)).toMatchObject({ lastActiveAt: createdAt });
    });

    test('an append with a stale epoch, or to no session, writes nothing', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      expect(await store.write((tx) => sessions.acquireLease(tx, sessionId, 'one'))).toBe(1);
      expect(await store.write((tx) => sessions.acquireLease(tx, sessionId, 'two'))).toBe(2);
      const append = (args: Partial<log.Append>) =>
        store.write((tx) => log.append(tx, { sessionId, entries: [entry(1)], ...args }));
      expect(await append({ epoch: 1, frame: { life: 'a', n: 1 } })).toBe('stale_epoch');
      expect(await append({ sessionId: 'nobody' })).toBe('stale_epoch');
      expect(await log.read(store.db, { sessionId })).toEqual([]);
      expect(await sessions.getById(store.db, sessionId)).toMatchObject({ lastSeq: 0, frameLife: null, frameN: 0 });
      expect(await append({ epoch: 2 })).toEqual({ firstSeq: 1, lastSeq: 1 });
      expect(await append({})).toEqual({ firstSeq: 2, lastSeq: 2 });
    });

    test('a repeated frame writes nothing; a new life counts anew; a frame may have no entries', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      const frame = (life: string, n: number, entries = [entry({ life, n })]) =>
        store.write((tx) => log.append(tx, { sessionId, epoch: 0, entries, frame: { life, n } }));
      expect(await frame('a', 1)).toEqual({ firstSeq: 1, lastSeq: 1 });
      expect(await frame('a', 2)).toEqual({ firstSeq: 2, lastSeq: 2 });
      expect(await frame('a', 1)).toBe('duplicate_frame');
      expect(await frame('a', 2)).toBe('duplicate_frame');
      expect(await frame('a', 7, [])).toEqual({ firstSeq: 3, lastSeq: 2 });
      expect(await frame('a', 7)).toBe('duplicate_frame');
      expect(await frame('b', 1)).toEqual({ firstSeq: 3, lastSeq: 3 });
      const racing = await Promise.all(upTo(10).map(() => frame('b', 2)));
      expect(racing.filter((outcome) => outcome !== 'duplicate_frame')).toEqual([{ firstSeq: 4, lastSeq: 4 }]);
      expect((await log.read(store.db, { sessionId })).map(({ data }) => data)).toEqual([
        { life: 'a', n: 1 },
        { life: 'a', n: 2 },
        { life: 'b', n: 1 },
        { life: 'b', n: 2 },
      ]);
    });

    test('an append of a job that fails later leaves no gap', async () => {
      const store = await opened(fresh());
      const { id: sessionId } = await newSession(store);
      const failing = store.write(async (tx) => {
        await log.append(tx, { sessionId, entries: [entry('lost')] });
        throw new Error('later');
      });
      const kept = store.write((tx) => log.append(tx, { sessionId, entries: [entry('kept')] }));
      await expect(failing).rejects.toThrow('later');
      expect(await kept).toEqual({ firstSeq: 1, lastSeq: 1 });
      expect((await log.read(store.db, { sessionId })).map(({ data }) => data)).toEqual(['kept']);
    });
  });
}
