/** Conformance: a write is all or nothing, alone in its failure, and durable before anyone is told. */
import { describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../src/store/errors.ts';
import * as meta from '../../src/store/meta.ts';
import { openStore, type Store } from '../../src/store/open.ts';
import { type Backend, opened } from './backend.ts';
import { upTo } from './backend-rows.ts';

const put = (store: Store, key: string) =>
  store.write((tx) => tx.insertInto('meta').values({ key, value: 'v' }).execute());
const keys = async (store: Store) =>
  (await store.db.selectFrom('meta').select('key').orderBy('key').execute()).map((row) => row.key);

export function writeSuite({ fresh }: Backend): void {
  describe('write', () => {
    test('another connection sees a write by the time it resolves', async () => {
      const options = await fresh();
      const store = await opened(options);
      const other = await opened(options);
      const seen = upTo(100).map(async (n) => {
        await put(store, `k${n}`);
        return await meta.get(other.db, `k${n}`);
      });
      expect(new Set(await Promise.all(seen))).toEqual(new Set(['v']));
    });

    test('a job that fails is rolled back alone', async () => {
      const store = await opened(fresh());
      const outcomes = await Promise.allSettled(
        upTo(40).map((n) =>
          store.write(async (tx) => {
            await tx
              .insertInto('meta')
              .values({ key: `k${String(n).padStart(2, '0')}`, value: 'v' })
              .execute();
            if (n % 4 === 1) throw new Error(`job ${n}`);
            if (n % 4 === 3) await tx.insertInto('meta').values({ key: 'k00', value: 'twice' }).execute();
            return n;
          }),
        ),
      );
      const kept = upTo(40).filter((n) => n % 2 === 0);
      expect(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))).toEqual(kept);
      expect(await keys(store)).toEqual(kept.map((n) => `k${String(n).padStart(2, '0')}`));
      expect(outcomes[1]).toMatchObject({ reason: { message: 'job 1' } });
    });

    test('nothing of a job is seen before its commit', async () => {
      const store = await opened(fresh());
      await store.write(async (tx) => {
        await tx.insertInto('meta').values({ key: 'inside', value: 'v' }).execute();
        expect(await meta.get(tx, 'inside')).toBe('v');
        expect(await meta.get(store.db, 'inside')).toBeUndefined();
      });
      expect(await meta.get(store.db, 'inside')).toBe('v');
    });

    test('jobs of one caller run in the order of their calls when they touch the same row', async () => {
      const store = await opened(fresh());
      await put(store, 'word');
      for (const letter of 'ash') {
        await store.write((tx) =>
          tx
            .updateTable('meta')
            .set((eb) => ({ value: eb('value', '||', letter) }))
            .where('key', '=', 'word')
            .execute(),
        );
      }
      expect(await meta.get(store.db, 'word')).toBe('vash');
    });

    test('a write inside a write fails at once instead of waiting for itself', async () => {
      const store = await opened(fresh());
      await expect(store.write(() => put(store, 'inner'))).rejects.toThrow('inside a store.write');
      await put(store, 'later');
      expect(await keys(store)).toEqual(['later']);
    });

    test('disposing waits for the writes under way, and later ones are refused', async () => {
      const options = await fresh();
      const store = await openStore(options);
      const writes = upTo(30).map((n) => put(store, `k${n}`));
      await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
      await Promise.all(writes);
      await expect(put(store, 'late')).rejects.toThrow(StoreUnavailable);
      expect(await keys(await opened(options))).toHaveLength(30);
    });

    test('a fact is set once, whoever comes first', async () => {
      const store = await opened(fresh());
      const values = await Promise.all(upTo(8).map((n) => store.write((tx) => meta.setOnce(tx, 'id', `value ${n}`))));
      expect(new Set(values).size).toBe(1);
    });
  });
}
