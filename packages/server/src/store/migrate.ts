/**
 * Brings a database to the schema of this code. All missing migrations run in one transaction that only one starter can
 * hold (`begin immediate` on SQLite, an advisory lock on PostgreSQL), so racing starters are safe and a crash leaves
 * either the old schema or the new one.
 */
import { type Kysely, sql } from 'kysely';
import { SchemaTooNew } from './errors.ts';
import type { Tables } from './tables.ts';

/** Which database holds the tables. */
export type SqlDialect = 'sqlite' | 'postgres';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly statements: readonly string[];
}

/** Any constant will do: it only has to be the same in every Ash server. ("ash" in ASCII) */
const ADVISORY_LOCK = 0x617368;

/**
 * Applies the missing migrations and returns their numbers (empty when there was nothing to do).
 * @throws {SchemaTooNew} when the database has a migration that this list does not know.
 */
export async function migrate(
  db: Kysely<Tables>,
  dialect: SqlDialect,
  list: readonly Migration[],
  now: () => string,
): Promise<number[]> {
  return await db.transaction().execute(async (tx) => {
    if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(tx);
    const run = (statement: string) => sql.raw(inDialect(statement, dialect)).execute(tx);
    await run(
      `create table if not exists migrations (number bigint primary key, name text not null, applied_at text not null)`,
    );
    const applied = new Set((await tx.selectFrom('migrations').select('number').execute()).map((row) => row.number));
    const unknown = [...applied].filter((number) => !list.some((migration) => migration.number === number));
    if (unknown.length > 0) throw new SchemaTooNew(Math.max(...unknown), list.at(-1)?.number ?? 0);

    const missing = list.filter((migration) => !applied.has(migration.number));
    for (const { number, name, statements } of missing) {
      await tx.insertInto('migrations').values({ number, name, appliedAt: now() }).execute();
      for (const statement of statements) await run(statement);
    }
    return missing.map((migration) => migration.number);
  });
}

/** SQLite compares text byte by byte; PostgreSQL must be told to, or the same page comes in another order there. */
function inDialect(statement: string, dialect: SqlDialect): string {
  return dialect === 'postgres' ? statement.replaceAll(/\btext\b/g, 'text collate "C"') : statement;
}
