/** Conformance: every schema that was ever released becomes today's, and no row is lost on the way. */
import { sql } from 'kysely';
import { describe, expect, test } from 'vitest';
import { migrations } from '../../src/store/migrations/all.ts';
import type { Store, StoreOptions } from '../../src/store/open.ts';
import * as sessionStore from '../../src/store/sessions.ts';
import { type Backend, opened } from './backend.ts';
import { type SchemaFixture, schemaFixture } from './schema-fixture.ts';

export function upgradeSuite(
  { fresh }: Backend,
  fill: (options: StoreOptions, fixture: SchemaFixture) => Promise<void>,
): void {
  describe('upgrades', () => {
    test.each(migrations.map(({ number }) => number))('from schema %i, with all rows', async (number) => {
      const options = await fresh();
      const fixture = schemaFixture(number);
      await fill(options, fixture);
      const store = await opened(options);
      const applied = await store.db.selectFrom('migrations').select('number').orderBy('number').execute();
      expect(applied).toEqual(migrations.map((migration) => ({ number: migration.number })));
      for (const [table, rows] of Object.entries(fixture.rows)) {
        const columns = Object.keys(rows[0] ?? {});
        expect(await allOf(store.db, table, columns)).toEqual(rows.map((row) => Object.values(row)));
      }
      const session = await sessionStore.getById(store.db, 'id 1');
      expect(session).toMatchObject({ id: 'id 1', settings: { n: 1, text: 'ünïcödé' } });
    });
  });
}

async function allOf(db: Store['db'], table: string, columns: string[]): Promise<unknown[][]> {
  const list = sql.join(columns.map((column, index) => sql`${sql.ref(column)} as ${sql.ref(`c_${index}`)}`));
  const { rows } = await sql<Record<string, unknown>>`select ${list} from ${sql.table(table)} order by 1, 2`.execute(
    db,
  );
  return rows.map((row) => Object.values(row));
}
