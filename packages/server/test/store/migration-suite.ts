/** Conformance: whoever starts first makes the schema, once. */
import { describe, expect, test } from 'vitest';
import { SchemaTooNew } from '../../src/store/errors.ts';
import { migrations } from '../../src/store/migrations/all.ts';
import { openStore } from '../../src/store/open.ts';
import { type Backend, opened } from './backend.ts';
import { AT, newSession, upTo } from './backend-rows.ts';

export function migrationSuite({ fresh, dialect }: Backend): void {
  describe('migrations', () => {
    test('of racing starters one makes the schema, all can use it', async () => {
      const options = await fresh();
      const stores = await Promise.all(upTo(5).map(() => opened(options)));
      for (const store of stores) {
        expect(store.dialect).toBe(dialect);
        const rows = await store.db.selectFrom('migrations').select('number').orderBy('number').execute();
        expect(rows).toEqual(migrations.map(({ number }) => ({ number })));
        await store.ping();
      }
    });

    test('a second start finds what the first one stored and takes its instants from the clock', async () => {
      const options = { ...(await fresh()), clock: { now: () => Date.parse(AT) } };
      const first = await openStore(options);
      const { id } = await newSession(first);
      await first[Symbol.asyncDispose]();
      const second = await opened(options);
      expect(await second.db.selectFrom('sessions').select('id').execute()).toEqual([{ id }]);
      const rows = await second.db.selectFrom('migrations').select('appliedAt').distinct().execute();
      expect(rows).toEqual([{ appliedAt: AT }]);
    });

    test('a database from the future is refused and left alone', async () => {
      const options = await fresh();
      const store = await opened(options);
      const future = { number: 999, name: 'future', appliedAt: AT };
      await store.write((tx) => tx.insertInto('migrations').values(future).execute());
      await expect(openStore(options)).rejects.toThrow(SchemaTooNew);
      await expect(openStore(options)).rejects.toThrow(/schema 999/);
      expect(await store.db.selectFrom('migrations').selectAll().execute()).toHaveLength(migrations.length + 1);
    });
  });
}
