/** What only PostgreSQL has: it goes away and comes back, and it gives up one of two transactions that lock crosswise. */
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/store/errors.ts';
import * as log from '../../src/store/log.ts';
import { openStore, type StoreOptions } from '../../src/store/open.ts';
import { opened } from './backend.ts';
import { AT, newSession, upTo } from './backend-rows.ts';

export interface Outage {
  fresh(): Promise<StoreOptions>;
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  start(): Promise<void>;
}

const WRITERS = 8;
const FRAMES = 150;

export function postgresSuite({ fresh, stop, start }: Outage): void {
  describe('outage', () => {
    test.each(['fast', 'immediate'] as const)('a restart (%s) under load loses and repeats nothing', async (mode) => {
      const store = await opened(fresh());
      const ids = await Promise.all(upTo(WRITERS).map(async () => (await newSession(store)).id));
      const halfway = Promise.withResolvers<void>();
      const back = Promise.withResolvers<void>();
      const failures: unknown[] = [];

      const writer = async (sessionId: string) => {
        for (let n = 1; n <= FRAMES; ) {
          const entries = [{ type: 'message', data: n, createdAt: AT }];
          try {
            await store.write((tx) => log.append(tx, { sessionId, epoch: 0, entries, frame: { life: 'a', n } }));
            n += 1;
          } catch (error) {
            failures.push(error);
            await back.promise;
          }
          if (n === FRAMES / 2) halfway.resolve();
        }
      };
      const writing = Promise.all(ids.map(writer));
      await halfway.promise;
      await stop(mode);
      await expect(store.ping()).rejects.toThrow(StoreUnavailable);
      await start();
      back.resolve();
      await writing;

      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toBeInstanceOf(StoreUnavailable);
      for (const sessionId of ids) {
        const entries = await log.read(store.db, { sessionId });
        expect(entries.map(({ seq, data }) => [seq, data])).toEqual(upTo(FRAMES).map((n) => [n + 1, n + 1]));
      }
    });

    test('a lost connection says whether the write may have happened', async () => {
      const store = await opened(fresh());
      const put = (key: string, cutBefore: boolean) =>
        store.write(async (tx) => {
          if (cutBefore) await stop('immediate');
          await tx.insertInto('meta').values({ key, value: 'v' }).execute();
          if (!cutBefore) await stop('immediate');
        });
      await expect(put('query', true)).rejects.toMatchObject({ name: 'StoreUnavailable', uncertain: false });
      await start();
      await expect(put('commit', false)).rejects.toMatchObject({ name: 'StoreUnavailable', uncertain: true });
      await start();
      expect(await store.db.selectFrom('meta').selectAll().execute()).toEqual([]);
    });

    test('a server that starts before its database waits for it, but not for ever', async () => {
      const options = await fresh();
      await stop('fast');
      await expect(openStore({ ...options, connectRetryMs: [1, 1] })).rejects.toThrow(StoreUnavailable);
      const waiting = opened({ ...options, connectRetryMs: upTo(2_000).map(() => 10) });
      await start();
      await (await waiting).ping();
    });

    test('a wrong database is an error at once, not an outage', async () => {
      const { url = '' } = await fresh();
      const wrong = url.replace(/\/test_\d+/, '/nowhere');
      const failure = await openStore({ url: wrong }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(failure).not.toBeInstanceOf(StoreUnavailable);
    });
  });

  test('of two writes that lock crosswise one runs again, and both succeed', async () => {
    const store = await opened(fresh());
    for (const key of ['a', 'b']) await store.write((tx) => tx.insertInto('meta').values({ key, value: '' }).execute());
    const bothHoldOne = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    let runs = 0;
    const crosswise = (mine: 0 | 1, keys: readonly string[]) =>
      store.write(async (tx) => {
        runs += 1;
        for (const key of keys) {
          const value = sql<string>`value || ${mine}`;
          await tx.updateTable('meta').set({ value }).where('key', '=', key).execute();
          bothHoldOne[mine].resolve();
          await bothHoldOne[mine === 0 ? 1 : 0].promise;
        }
      });
    await Promise.all([crosswise(0, ['a', 'b']), crosswise(1, ['b', 'a'])]);
    // At least one of the two had to run again; under load the two may meet more than once.
    expect(runs).toBeGreaterThanOrEqual(3);
    const rows = await store.db.selectFrom('meta').select('value').execute();
    for (const { value } of rows) expect(['01', '10']).toContain(value);
  });
}
